using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Replay;

/// <summary>How a sink takes rows that it may hold already.</summary>
public enum ReplayMethod
{
    /// <summary>By the table's own rule: rows of known keys are left out, or replace the stored ones.</summary>
    ByKey,

    /// <summary>The stored rows of the range are deleted by _topic, _partition and _offset, and the new ones inserted, in one
    /// transaction a batch.</summary>
    DeleteAndInsert,

    /// <summary>The stream remembers the events it has taken: those are left out.</summary>
    Deduplicated,

    /// <summary>The same documents are written under the same ids.</summary>
    ById,

    /// <summary>The table is emptied and the checkpoint set back, in one transaction; the stream reads all again.</summary>
    Rebuild,

    /// <summary>It would double rows.</summary>
    Refused,
}

/// <summary>What a replay will read, write and touch; the preview prints it and the executor carries it out.</summary>
public sealed record ReplayPlan
{
    public required string Stream { get; init; }

    public required string Topic { get; init; }

    public required bool Rebuild { get; init; }

    /// <summary>What is read; never beyond what the slowest sink holds. Empty ranges are left out.</summary>
    public required IReadOnlyList<OffsetRange> Ranges { get; init; }

    /// <summary>Offsets in the ranges; gaps count as records.</summary>
    public long Records => Ranges.Sum(r => r.Count);

    public required IReadOnlyList<ReplaySink> Sinks { get; init; }

    /// <summary>Open dead letters in the ranges, which are tried again; with a rebuild, all letters, which are found anew.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>What to know before saying yes.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Why it cannot be done; empty when it can.</summary>
    public required IReadOnlyList<string> Refusals { get; init; }
}

/// <summary>What one sink gets. Counts are null where they are not worked out.</summary>
public sealed record ReplaySink(string Name, string Target, ReplayMethod Method)
{
    /// <summary>Rows that are not there yet.</summary>
    public long? New { get; init; }

    /// <summary>Rows that are replaced by other ones.</summary>
    public long? Changed { get; init; }

    /// <summary>Rows that stay as they are.</summary>
    public long? Unchanged { get; init; }
}

/// <summary>What a replay did.</summary>
/// <param name="RowsWritten">Rows that sinks inserted or changed.</param>
/// <param name="DeadLettersReplayed">Open letters that are rows now.</param>
/// <param name="DeadLettersNew">Records set aside by this replay.</param>
public sealed record ReplayOutcome(ReplayPlan Plan, long Records, long RowsWritten, long DeadLettersReplayed, long DeadLettersNew);
