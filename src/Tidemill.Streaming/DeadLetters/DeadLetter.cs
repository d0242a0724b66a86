using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.DeadLetters;

public enum DeadLetterStatus
{
    /// <summary>Waiting for somebody.</summary>
    Open,

    /// <summary>Its row is in the sinks now.</summary>
    Replayed,

    /// <summary>Given up on purpose.</summary>
    Discarded,
}

/// <summary>A record that a stream could not use, kept whole.</summary>
public sealed record DeadLetter
{
    public required string Stream { get; init; }

    public required RecordPosition Position { get; init; }

    /// <summary>The record's own timestamp.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    public required byte[]? Key { get; init; }

    public required byte[]? Value { get; init; }

    /// <summary>The value that somebody put in place of <see cref="Value"/>, used by replay; null: as it came.</summary>
    public byte[]? EditedValue { get; init; }

    /// <summary>The record's own headers; kept by dead-letter topics only.</summary>
    public IReadOnlyList<RecordHeader> Headers { get; init; } = [];

    /// <summary>The value that goes through the stream when the letter is replayed.</summary>
    internal byte[]? SentValue => EditedValue ?? Value;

    public required Stored<ErrorCode> Code { get; init; }

    /// <summary>The field at fault, when one is.</summary>
    public required string? Field { get; init; }

    /// <summary>Why, without the value.</summary>
    public required string Message { get; init; }

    /// <summary>When it was set aside.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    public Stored<DeadLetterStatus> Status { get; init; } = DeadLetterStatus.Open;

    /// <summary>Names of the sinks that lack the record's rows; null: all of the stream's. The others hold them.</summary>
    public IReadOnlyList<string>? Sinks { get; init; }

    /// <summary>True when the sink of this name lacks the record's rows.</summary>
    public bool Concerns(string sink) => Sinks is null || Sinks.Contains(sink, StringComparer.Ordinal);

    /// <summary>The letter after another sink, too, has refused the record.</summary>
    internal DeadLetter Joined(DeadLetter later) => this with
    {
        Sinks = Sinks is null || later.Sinks is null ? null : [.. Sinks.Union(later.Sinks, StringComparer.Ordinal)],
    };
}

/// <summary>Open dead letters of one stream with one error code and field.</summary>
public sealed record DeadLetterCount(string Stream, Stored<ErrorCode> Code, string? Field, long Count);

/// <summary>
/// Takes letters in; writing one again changes nothing, or is seen once by those who read. Letters of one record with other sinks are
/// one letter with all of them.
/// </summary>
internal interface IDeadLetterTarget
{
    /// <summary>Durable on return.</summary>
    Task WriteAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken);
}
