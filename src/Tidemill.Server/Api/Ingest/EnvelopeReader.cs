using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Logs;

namespace Tidemill.Server.Api.Ingest;

/// <summary>
/// Reads <c>{"records": [{"key", "value", "headers", "timestamp", "partition"}]}</c>, the shape that REST proxies for
/// Kafka take. A value that is left out or null is a tombstone. To send a record that itself looks like this, put it
/// into an array.
/// </summary>
internal static class EnvelopeReader
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 128 };

    /// <summary>The records, or null when the body is not an envelope.</summary>
    public static List<ProducerRecord>? TryRead(ReadOnlyMemory<byte> body, IngestOptions options)
    {
        if (!IsEnvelope(body.Span))
            return null;

        var reader = new Utf8JsonReader(body.Span, Strict);
        reader.Read();
        reader.Read();
        reader.Read();
        List<ProducerRecord> records = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            records.Add(ReadOne(body, ref reader, options, $"records[{records.Count}]"));

        return records;
    }

    private static bool IsEnvelope(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, Strict);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject
            || !reader.Read() || reader.TokenType != JsonTokenType.PropertyName || !reader.ValueTextEquals("records"u8)
            || !reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return false;
        }

        reader.Skip();
        return reader.Read() && reader.TokenType == JsonTokenType.EndObject;
    }

    private static ProducerRecord ReadOne(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader, IngestOptions options, string place)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw RecordBody.Invalid($"{place} is not an object with key, value, headers, timestamp and partition.");

        var record = default(ProducerRecord);
        var keyed = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            record = Set(record, name, body, ref reader, place);
            keyed |= name == "key";
        }

        if (!keyed && record.Value is { } value)
            record = record with { Key = RecordBody.Record(value, options, place).Key };

        return RecordBody.Limit(record, options, place);
    }

    private static ProducerRecord Set(
        ProducerRecord record, string name, ReadOnlyMemory<byte> body, ref Utf8JsonReader reader, string place)
    {
        switch (name)
        {
            case "key":
                return record with { Key = RecordBody.KeyBytes(ref reader, body.Span) };
            case "value":
                return record with { Value = Raw(body, ref reader) };
            case "partition" when reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var partition):
                return record with { Partition = partition };
            case "partition" when reader.TokenType == JsonTokenType.Null:
                return record;
            case "timestamp":
                return record with { Timestamp = Timestamp(ref reader, place) };
            case "headers":
                return record with { Headers = Headers(ref reader, body, place) };
            case "partition":
                throw RecordBody.Invalid($"{place}.partition is not a whole number.");
            default:
                throw RecordBody.Invalid($"{place} has an unknown property; use key, value, headers, timestamp and partition.");
        }
    }

    private static ReadOnlyMemory<byte>? Raw(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;

        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return body[start..(int)reader.BytesConsumed];
    }

    private static DateTimeOffset? Timestamp(ref Utf8JsonReader reader, string place) => reader.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.Number when reader.TryGetInt64(out var ms) && ms is >= 0 and <= 253_402_300_799_999 =>
            DateTimeOffset.FromUnixTimeMilliseconds(ms),
        JsonTokenType.String when DateTimeOffset.TryParse(
            reader.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => time,
        _ => throw RecordBody.Invalid($"{place}.timestamp is neither ISO 8601 nor milliseconds since 1970."),
    };

    private static List<RecordHeader> Headers(ref Utf8JsonReader reader, ReadOnlyMemory<byte> body, string place)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw RecordBody.Invalid($"{place}.headers is not an object of names and strings.");

        List<RecordHeader> headers = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.GetString()!;
            reader.Read();
            headers.Add(new RecordHeader(name, reader.TokenType switch
            {
                JsonTokenType.Null => null,
                JsonTokenType.String => Encoding.UTF8.GetBytes(reader.GetString()!),
                _ => Raw(body, ref reader),
            }));
        }

        return headers;
    }
}
