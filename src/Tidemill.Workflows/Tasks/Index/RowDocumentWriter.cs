using System.Buffers;
using System.Text.Json;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Tasks.Index;

/// <summary>
/// Makes rows into JSON documents: numbers as numbers (decimals with all their digits), dates and times as ISO 8601
/// (timestamps in UTC with Z), durations as ISO 8601, bytes as base64, JSON columns as the JSON they hold, NULL as null.
/// Used by one caller at a time.
/// </summary>
internal sealed class RowDocumentWriter(IReadOnlyList<QueryColumn> columns, int idColumn)
{
    private readonly ArrayBufferWriter<byte> _buffer = new();

    /// <summary>RowRejected when the id is NULL or empty, or a number is not finite.</summary>
    public SearchDocument Write(object?[] row)
    {
        var id = CellText.Of(row[idColumn], utc: true);
        if (id.Length == 0)
        {
            throw new TidemillException(
                ErrorCode.RowRejected, $"Column {columns[idColumn].Name}, the document id, is NULL or empty in a row.");
        }

        _buffer.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_buffer))
        {
            json.WriteStartObject();
            for (var i = 0; i < columns.Count; i++)
            {
                json.WritePropertyName(columns[i].Name);
                WriteValue(json, row[i], columns[i]);
            }

            json.WriteEndObject();
        }

        return new SearchDocument(id, _buffer.WrittenSpan.ToArray());
    }

    private static void WriteValue(Utf8JsonWriter json, object? value, QueryColumn column)
    {
        if (value is string text && column.SqlType.StartsWith("json", StringComparison.OrdinalIgnoreCase))
        {
            json.WriteRawValue(text);
            return;
        }

        try
        {
            CellJson.Write(json, value, CellReader.Store);
        }
        catch (NotFiniteNumberException error)
        {
            throw new TidemillException(
                ErrorCode.RowRejected, $"Column {column.Name} holds a number that is not finite, which JSON has no way to write.", error);
        }
    }
}
