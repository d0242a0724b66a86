using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Verification;

/// <summary>
/// Gives the JSON columns of <c>expected_rows</c> and <c>actual_rows</c> one spelling: PostgreSQL keeps documents (jsonb),
/// not their text, so that keys come back in another order, numbers and spaces written otherwise; so does a collection.
/// </summary>
internal static class JsonSpelling
{
    /// <summary>MongoDB nests no deeper than 100.</summary>
    private const int MaxDepth = 1000;

    /// <summary>What decimal128 holds; longer numbers are kept as doubles there.</summary>
    private const int ExactDigits = 34;

    /// <param name="expected">The rows.</param>
    /// <param name="kept">What the sink keeps of a document that is written to it; null: the document.</param>
    public static void Unify(ExpectedRows expected, Func<string, string>? kept = null)
    {
        for (var column = 0; column < expected.Columns.Count; column++)
        {
            if (expected.Types[column].Alias == LogicalType.Json.Alias)
            {
                Unify(expected, "expected_rows", SqlName.Quote(expected.Columns[column]), kept ?? (text => text));
                Unify(expected, "actual_rows", SqlName.Quote(expected.Columns[column]), text => text);
            }
        }
    }

    /// <summary>Keys sorted, the last of equal ones kept, numbers as digits that count and a power of ten, no spaces.</summary>
    internal static string Canonical(string text)
    {
        using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = MaxDepth });
        var buffer = new ArrayBufferWriter<byte>(text.Length);
        using (var writer = new Utf8JsonWriter(buffer))
            Write(writer, document.RootElement);

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Unify(ExpectedRows expected, string table, string column, Func<string, string> kept)
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
                        pairs[1].SetValue(row, Canonical(kept(text)));
                    }

                    pairs.Size = texts.Size;
                    appender.Append(pairs);
                }
            }

            appender.Close();
        }

        expected.Connection.Execute(
            $"UPDATE {table} SET {column} = spelled.canonical FROM spelled WHERE {table}.{column}::VARCHAR = spelled.written AND "
                + $"spelled.written <> spelled.canonical");
    }

    private static void Write(Utf8JsonWriter writer, JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                var last = new SortedDictionary<string, JsonElement>(StringComparer.Ordinal);
                foreach (var property in element.EnumerateObject())
                    last[property.Name] = property.Value;

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
                    Write(writer, item);

                writer.WriteEndArray();
                break;
            case JsonValueKind.Number:
                writer.WriteRawValue(Number(element.GetRawText()));
                break;
            default:
                element.WriteTo(writer);
                break;
        }
    }

    /// <summary>2.50 and 25e-1 are one number; so are -0 and 0.</summary>
    private static string Number(string text)
    {
        var end = text.AsSpan().IndexOfAny('e', 'E');
        var exponent = end < 0
            ? 0
            : int.TryParse(text.AsSpan(end + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var power)
            ? power
            : (int?)null;
        var digits = (end < 0 ? text : text[..end]).TrimStart('-');
        if (digits.IndexOf('.', StringComparison.Ordinal) is >= 0 and var point)
        {
            exponent -= digits.Length - point - 1;
            digits = digits.Remove(point, 1);
        }

        digits = digits.TrimStart('0');
        var counting = digits.TrimEnd('0');
        exponent += digits.Length - counting.Length;
        var nearest = counting.Length > ExactDigits ? double.Parse(text, CultureInfo.InvariantCulture) : double.NaN;
        return counting.Length == 0 ? "0"
            : exponent is null ? text
            : double.IsFinite(nearest) ? Number(nearest.ToString("R", CultureInfo.InvariantCulture))
            : string.Create(
                CultureInfo.InvariantCulture, $"{(text[0] == '-' ? "-" : "")}{counting}{(exponent == 0 ? "" : $"e{exponent}")}");
    }
}
