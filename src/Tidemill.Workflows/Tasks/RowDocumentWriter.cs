using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Xml;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Workflows.Tasks;

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
        var id = IdText(row[idColumn]);
        if (string.IsNullOrEmpty(id))
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

    private static string? IdText(object? value) =>
        value is null ? null : TimeText(value) ?? Convert.ToString(value, CultureInfo.InvariantCulture);

    private static void WriteValue(Utf8JsonWriter json, object? value, QueryColumn column)
    {
        switch (value)
        {
            case null: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case decimal number: json.WriteNumberValue(number); break;
            case double number: WriteFinite(json, number, column); break;
            case float number when float.IsFinite(number): json.WriteNumberValue(number); break;
            case float number: WriteFinite(json, number, column); break;
            case ulong number: json.WriteNumberValue(number); break;
            case sbyte or byte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case BigInteger or Int128 or UInt128 or DuckDbDecimal:
                json.WriteRawValue(Convert.ToString(value, CultureInfo.InvariantCulture)!);
                break;
            case byte[] bytes: json.WriteBase64StringValue(bytes); break;
            case string text when column.SqlType.StartsWith("json", StringComparison.OrdinalIgnoreCase): json.WriteRawValue(text); break;
            case string text: json.WriteStringValue(text); break;
            case IDictionary map: WriteObject(json, map, column); break;
            case IEnumerable list: WriteArray(json, list, column); break;
            default: json.WriteStringValue(IdText(value)); break;
        }
    }

    private static void WriteFinite(Utf8JsonWriter json, double number, QueryColumn column)
    {
        if (!double.IsFinite(number))
        {
            throw new TidemillException(
                ErrorCode.RowRejected, $"Column {column.Name} holds a number that is not finite, which JSON has no way to write.");
        }

        json.WriteNumberValue(number);
    }

    private static void WriteArray(Utf8JsonWriter json, IEnumerable list, QueryColumn column)
    {
        json.WriteStartArray();
        foreach (var item in list)
            WriteValue(json, item, column);

        json.WriteEndArray();
    }

    private static void WriteObject(Utf8JsonWriter json, IDictionary map, QueryColumn column)
    {
        json.WriteStartObject();
        foreach (DictionaryEntry entry in map)
        {
            json.WritePropertyName(IdText(entry.Key) ?? "");
            WriteValue(json, entry.Value, column);
        }

        json.WriteEndObject();
    }

    /// <summary>Fractions of a second only where there are any: an hour's id is 2026-01-01T10:00:00Z.</summary>
    private static string? TimeText(object value) => value switch
    {
        DateTime time => time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        DateTimeOffset time => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture),
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        TimeOnly time => time.ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        TimeSpan span => XmlConvert.ToString(span),
        _ => null,
    };
}
