using System.Globalization;
using System.Text;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>
/// A dead letter as a record of a topic: key, value, timestamp and headers are the record's own, unchanged; headers named
/// <c>tidemill.errors.*</c> say where it came from and why, all as UTF-8 text.
/// </summary>
internal static class DeadLetterHeaders
{
    private const string Prefix = "tidemill.errors.";

    public static ProducerRecord ToRecord(DeadLetter letter) => new()
    {
        Key = letter.Key,
        Value = letter.Value is null ? null : (ReadOnlyMemory<byte>?)letter.Value,
        Timestamp = letter.Timestamp,
        Headers =
        [
            .. letter.Headers.Where(h => !h.Name.StartsWith(Prefix, StringComparison.Ordinal)),
            Header("stream", letter.Stream),
            Header("topic", letter.Position.Partition.Topic),
            Header("partition", letter.Position.Partition.Partition.ToString(CultureInfo.InvariantCulture)),
            Header("offset", letter.Position.Offset.ToString()),
            Header("code", letter.Code.ToString()),
            Header("field", letter.Field),
            Header("message", letter.Message),
            .. letter.Sinks is null ? Array.Empty<RecordHeader>() : [Header("sinks", SinkNames.Write(letter.Sinks))],
            Header("time", letter.CreatedAt.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture)),
        ],
    };

    /// <summary>The letter that a record holds, or null when the record is none.</summary>
    public static DeadLetter? Read(in RecordRef record, IReadOnlyList<RecordHeader> headers)
    {
        var own = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var header in headers.Where(h => h.Name.StartsWith(Prefix, StringComparison.Ordinal)))
            own[header.Name[Prefix.Length..]] = header.Value is { } value ? Encoding.UTF8.GetString(value.Span) : null;

        if (own.GetValueOrDefault("stream") is not { } stream || own.GetValueOrDefault("topic") is not { } topic
            || !int.TryParse(own.GetValueOrDefault("partition"), CultureInfo.InvariantCulture, out var partition)
            || !long.TryParse(own.GetValueOrDefault("offset"), CultureInfo.InvariantCulture, out var offset)
            || own.GetValueOrDefault("code") is not { } code)
        {
            return null;
        }

        return new DeadLetter
        {
            Stream = stream,
            Position = new RecordPosition(new TopicPartition(topic, partition), new LogOffset(offset)),
            Timestamp = DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs),
            Key = record.HasKey ? record.Key.ToArray() : null,
            Value = record.IsTombstone ? null : record.Value.ToArray(),
            Code = Stored.Parse<ErrorCode>(code),
            Field = own.GetValueOrDefault("field"),
            Message = own.GetValueOrDefault("message") ?? "",
            Sinks = SinkNames.Read(own.GetValueOrDefault("sinks")),
            CreatedAt = DateTimeOffset.TryParse(
                own.GetValueOrDefault("time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
                ? time
                : DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs),
            Headers = [.. headers.Where(h => !h.Name.StartsWith(Prefix, StringComparison.Ordinal))],
        };
    }

    private static RecordHeader Header(string name, string? value) =>
        new(Prefix + name, value is null ? null : (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(value));
}
