using Tidemill.Core.Batches;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Tests.Warehouses;

/// <summary>Batches out of plain values, for tests.</summary>
internal static class Rows
{
    public static Schema Schema(string columns) => new(
        [.. columns.Split(", ").Select(column => column.Split(' ', 2)).Select(parts =>
            new Field(parts[0], FieldType.TryParse(parts[1], out var type) ? type : throw new ArgumentException(parts[1])))]);

    /// <summary>The rows in chunks of <paramref name="rowsPerChunk"/>; an Int128 in a decimal column is its unscaled value.</summary>
    public static Batch Batch(Schema schema, IReadOnlyList<object?[]> rows, int rowsPerChunk = DataChunk.Capacity)
    {
        var types = schema.ToLogical();
        var chunks = new List<DataChunk>();
        foreach (var part in rows.Chunk(rowsPerChunk))
        {
            var chunk = DataChunk.Create(types);
            chunk.Size = part.Length;
            for (var row = 0; row < part.Length; row++)
            {
                for (var column = 0; column < types.Length; column++)
                {
                    var cell = part[row][column] is Int128 unscaled && types[column].TypeId == DuckDbTypeId.Decimal
                        ? new DuckDbDecimal(unscaled, types[column].Width, types[column].Scale)
                        : part[row][column];
                    chunk[column].SetValue(row, cell);
                }
            }

            chunks.Add(chunk);
        }

        return new Batch(schema, chunks);
    }
}
