using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Core.Batches;

/// <summary>
/// Rows in columns: a schema and the data chunks that hold them, in row order. The batch owns the chunks; Dispose
/// frees them. Column i of every chunk has the type of field i (<see cref="FieldTypes.ToLogical(FieldType)"/>).
/// </summary>
public sealed class Batch : IDisposable
{
    private bool _borrowed;

    public Batch(Schema schema, IReadOnlyList<DataChunk> chunks)
    {
        ArgumentNullException.ThrowIfNull(schema);
        ArgumentNullException.ThrowIfNull(chunks);
        Schema = schema;
        Chunks = chunks;
        foreach (var chunk in chunks)
        {
            if (chunk.ColumnCount != schema.Fields.Count)
                throw new ArgumentException($"A chunk has {chunk.ColumnCount} columns, the schema {schema.Fields.Count}.", nameof(chunks));

            RowCount += chunk.Size;
        }
    }

    /// <summary>A batch over chunks that stay with their owner, who must outlive it.</summary>
    public static Batch Borrowing(Schema schema, IReadOnlyList<DataChunk> chunks) => new(schema, chunks) { _borrowed = true };

    public Schema Schema { get; }

    public IReadOnlyList<DataChunk> Chunks { get; }

    /// <summary>Rows of all chunks, as they stood when the batch was made.</summary>
    public int RowCount { get; }

    public void Dispose()
    {
        if (_borrowed)
            return;

        foreach (var chunk in Chunks)
            chunk.Dispose();
    }
}
