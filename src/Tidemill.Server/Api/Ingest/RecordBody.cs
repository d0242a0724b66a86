using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Server.Api.Ingest;

/// <summary>
/// Reads the body of POST /api/topics/{topic}/records into records whose values are the bytes as they were sent.
/// Everything is checked before anything is appended.
/// </summary>
internal static class RecordBody
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 128 };

    /// <summary>One JSON value a line; empty lines are left out. An error names its line.</summary>
    public static List<ProducerRecord> ReadLines(ReadOnlyMemory<byte> body, IngestOptions options)
    {
        List<ProducerRecord> records = [];
        for (int line = 1, start = 0; start < body.Length; line++)
        {
            var length = body.Span[start..].IndexOf((byte)'\n');
            var end = length < 0 ? body.Length : start + length;
            var value = Trim(body[start..end]);
            if (!value.IsEmpty)
                records.Add(Single(value, options, $"line {line}"));

            start = end + 1;
        }

        return records;
    }

    /// <summary>
    /// One object (a record), an array (a record each element), or an object whose only property is <c>records</c>:
    /// an array of envelopes with key, value, headers, timestamp and partition.
    /// </summary>
    public static List<ProducerRecord> ReadJson(ReadOnlyMemory<byte> body, IngestOptions options)
    {
        var value = Trim(body);
        var reader = new Utf8JsonReader(value.Span, Strict);
        try
        {
            CheckEncoding(value);
            reader.Read();
            if (reader.TokenType == JsonTokenType.StartArray)
                return ReadArray(value, ref reader, options);

            var records = EnvelopeReader.TryRead(value, options) ?? [Record(value, options, "the body")];
            reader.Skip();
            reader.Read();
            return records;
        }
        catch (Exception e) when (IsBroken(e))
        {
            throw Invalid($"The body {Fault(e, value.Span)}{Place(e as JsonException)}. Nothing was appended.", e);
        }
    }

    internal static TidemillException Invalid(string message, Exception? inner = null) =>
        new(ErrorCode.InvalidRequest, message, inner);

    /// <summary>Checks the size and finds the key.</summary>
    internal static ProducerRecord Record(ReadOnlyMemory<byte> value, IngestOptions options, string place) =>
        Limit(new ProducerRecord { Key = KeyOf(value.Span, options) ?? options.FixedKey, Value = value }, options, place);

    internal static ProducerRecord Limit(ProducerRecord record, IngestOptions options, string place)
    {
        var size = (long)(record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
        return size <= options.MaxRecordBytes
            ? record
            : throw new TidemillException(
                ErrorCode.RecordTooLarge, $"The record at {place} has {size} bytes; the topic takes {options.MaxRecordBytes}.");
    }

    /// <summary>A reader throws the first for broken syntax, the second for text that is not Unicode, such as half a surrogate
    /// pair.</summary>
    private static bool IsBroken(Exception error) => error is JsonException or InvalidOperationException;

    private static string Place(JsonException? error) =>
        error is null
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" at line {(error.LineNumber ?? 0) + 1}, byte {error.BytePositionInLine ?? 0}");

    private static ProducerRecord Single(ReadOnlyMemory<byte> line, IngestOptions options, string place)
    {
        try
        {
            CheckEncoding(line);
            var reader = new Utf8JsonReader(line.Span, Strict);
            reader.Read();
            reader.Skip();
            reader.Read();
            return Record(line, options, place);
        }
        catch (Exception e) when (IsBroken(e))
        {
            var at = e is JsonException broken ? $" at byte {broken.BytePositionInLine ?? 0}" : "";
            throw Invalid($"{char.ToUpperInvariant(place[0])}{place[1..]} {Fault(e, line.Span)}{at}. Nothing was appended.", e);
        }
    }

    /// <summary>What is wrong with text that was refused: its depth, when it is JSON without the bound.</summary>
    private static string Fault(Exception error, ReadOnlySpan<byte> json)
    {
        if (error is not JsonException || !Utf8.IsValid(json)) return "is not valid JSON";
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = int.MaxValue });
            while (reader.Read()) { }

            return $"is nested deeper than {Strict.MaxDepth} levels";
        }
        catch (Exception e) when (IsBroken(e))
        {
            return "is not valid JSON";
        }
    }

    private static List<ProducerRecord> ReadArray(ReadOnlyMemory<byte> body, ref Utf8JsonReader reader, IngestOptions options)
    {
        List<ProducerRecord> records = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            records.Add(Record(body[start..(int)reader.BytesConsumed], options, $"element {records.Count}"));
        }

        reader.Read();
        return records;
    }

    private static ReadOnlyMemory<byte>? KeyOf(ReadOnlySpan<byte> value, IngestOptions options)
    {
        var reader = new Utf8JsonReader(value, Strict);
        if (options.KeyField is null || !reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return null;

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals(options.KeyField);
            reader.Read();
            if (found)
                return KeyBytes(ref reader, value);

            reader.Skip();
        }

        return null;
    }

    /// <summary>A key's bytes: a string's text, null for null, else the JSON as it was sent.</summary>
    internal static ReadOnlyMemory<byte>? KeyBytes(ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.String:
                var text = new byte[reader.ValueSpan.Length];
                return text.AsMemory(0, reader.CopyString(text));
            default:
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                return json[start..(int)reader.BytesConsumed].ToArray();
        }
    }

    private static void CheckEncoding(ReadOnlyMemory<byte> json)
    {
        if (!Utf8.IsValid(json.Span))
            throw new JsonException("The text is not UTF-8.");
    }

    private static ReadOnlyMemory<byte> Trim(ReadOnlyMemory<byte> bytes) => bytes.Trim(" \t\r\n"u8);
}
