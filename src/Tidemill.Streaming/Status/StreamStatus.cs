namespace Tidemill.Streaming.Status;

public enum StreamState
{
    /// <summary>Opening log, warehouse and tables.</summary>
    Starting,

    Running,

    /// <summary>Reading is held by a person.</summary>
    Paused,

    /// <summary>A sink or the log is away; the stream tries again by itself and nothing is lost.</summary>
    Waiting,

    /// <summary>Stopped by an error that needs somebody; <see cref="StreamStatus.LastError"/> says which.</summary>
    Failed,

    Stopped,
}

/// <summary>Median and 99th percentile over the last minute or so, in milliseconds; NaN while there are no values.</summary>
public readonly record struct LatencyQuantiles(double P50, double P99);

/// <summary>Where a batch spends its time.</summary>
public sealed record StageLatency(string Stage, LatencyQuantiles Milliseconds);

/// <summary>An error that a stream met, how often in a row, and when last.</summary>
public sealed record StreamError(DateTimeOffset At, string Message, int Times);

/// <summary>One stream as it stands; a snapshot.</summary>
public sealed record StreamStatus
{
    public required string Name { get; init; }

    public required StreamState State { get; init; }

    /// <summary>What is read and written, for people: <c>transactions -> table transactions</c>.</summary>
    public required string Route { get; init; }

    /// <summary>True for a pump: it fills a topic and has no positions and no lag.</summary>
    public bool IsPump { get; init; }

    /// <summary>Records committed since the process started.</summary>
    public required long Records { get; init; }

    public required long Bytes { get; init; }

    public required long Batches { get; init; }

    /// <summary>Rows the sinks inserted or changed.</summary>
    public required long RowsWritten { get; init; }

    /// <summary>Records put into dead letters since the process started.</summary>
    public required long DeadLetters { get; init; }

    /// <summary>Records in the topic that the sinks do not hold yet.</summary>
    public required long Lag { get; init; }

    /// <summary>Over the last ten seconds.</summary>
    public required double RecordsPerSecond { get; init; }

    public required double BytesPerSecond { get; init; }

    /// <summary>From a record's append to its row being visible.</summary>
    public required LatencyQuantiles CommitLatency { get; init; }

    public required IReadOnlyList<StageLatency> Stages { get; init; }

    public required DateTimeOffset? LastCommit { get; init; }

    public required string? LastError { get; init; }

    /// <summary>The last errors, latest first; at most 20.</summary>
    public IReadOnlyList<StreamError> RecentErrors { get; init; } = [];

    /// <summary>How often a batch was tried again since the process started.</summary>
    public required long Retries { get; init; }
}
