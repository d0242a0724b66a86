using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Verification;

/// <summary>
/// Gives the JSON columns of <c>expected_rows</c> and <c>actual_rows</c> one spelling: PostgreSQL keeps documents (jsonb),
/// not their text, so that keys come back in another order, numbers and spaces written otherwise.
/// </summary>
internal static class JsonSpelling
{
    public static void Unify(ExpectedRows expected)
    {
        for (var column = 0; column < expected.Columns.Count; column++)
        {
            if (expected.Types[column].Alias == LogicalType.Json.Alias)
            {
                Unify(expected, "expected_rows", SqlName.Quote(expected.Columns[column]));
                Unify(expected, "actual_rows", SqlName.Quote(expected.Columns[column]));
            }
        }
    }

    /// <summary>Keys sorted, the last of equal ones kept, numbers without needless digits, no spaces.</summary>
    internal static string Canonical(string text)
    {
        using var document = JsonDocument.Parse(text);
        var buffer = new ArrayBufferWriter<byte>(text.Length);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, document.RootElement);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Unify(ExpectedRows expected, string table, string column)
    {
        expected.Connection.Execute("CREATE OR REPLACE TABLE spelled (written VARCHAR, canonical VARCHAR)");
        using (var reading = expected.Connect())
        using (var result = reading.Query($"SELECT DISTINCT {column}::VARCHAR FROM {table} WHERE {column} IS NOT NULL"))
        using (var appender = expected.Connection.Append(null, "spelled"))
        {
            while (result.Fetch() is { } texts)
            {
                using (texts)
                using (var pairs = DataChunk.Create(LogicalType.Varchar, LogicalType.Varchar))
                {
                    for (var row = 0; row < texts.Size; row++)
                    {
                        var text = texts[0].GetString(row);
                        pairs[0].SetValue(row, text);
                        pairs[1].SetValue(row, Canonical(text));
                    }

                    pairs.Size = texts.Size;
                    appender.Append(pairs);
                }
            }

            appender.Close();
        }

        expected.Connection.Execute(
            $"UPDATE {table} SET {column} = spelled.canonical FROM spelled WHERE {table}.{column}::VARCHAR = spelled.written AND spelled.written <> spelled.canonical");
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                var last = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
                foreach (var property in element.EnumerateObject())
                {
                    last[property.Name] = property.Value;
                }

                foreach (var (name, value) in last)
                {
                    writer.WritePropertyName(name);
                    Write(writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in element.EnumerateArray())
                {
                    Write(writer, item);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.Number:
                writer.WriteRawValue(Number(element));
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    /// <summary>A number that decimal holds loses trailing zeros and its exponent; any other stays as written.</summary>
    private static string Number(JsonElement element) =>
        decimal.TryParse(element.GetRawText(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value.ToString("0.############################", CultureInfo.InvariantCulture)
            : element.GetRawText();
}
