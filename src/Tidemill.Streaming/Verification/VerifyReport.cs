using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Verification;

/// <summary>What a stream's topic says its table must hold, against what it holds.</summary>
public sealed record VerifyReport
{
    public required string Stream { get; init; }

    public required string Table { get; init; }

    /// <summary>Records read, from the log's beginning to the sink's checkpoint.</summary>
    public required long Records { get; init; }

    /// <summary>Of those, records that are dead letters.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>Records behind the checkpoint: not yet due.</summary>
    public required long Pending { get; init; }

    /// <summary>Records deleted by retention before they could be checked.</summary>
    public required long Expired { get; init; }

    public required long RowsExpected { get; init; }

    public required long RowsFound { get; init; }

    /// <summary>Records whose row or dead letter is missing.</summary>
    public required long Lost { get; init; }

    /// <summary>Rows that stand more often than their records say.</summary>
    public required long Doubled { get; init; }

    /// <summary>Rows whose key is right and whose other columns no record explains.</summary>
    public required long Altered { get; init; }

    /// <summary>The first findings, each naming a place.</summary>
    public required IReadOnlyList<string> Findings { get; init; }

    /// <summary>What could not be checked, and why.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    public bool Proven => Lost == 0 && Doubled == 0 && Altered == 0;
}

/// <summary>A run of records whose expected rows carry the run's number.</summary>
internal sealed record CheckedRun(TopicPartition Partition, long First, long Last);
