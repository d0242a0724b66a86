namespace Tidemill.Workflows.Runs;

/// <summary>
/// Something changed in a run: the run itself when <paramref name="Task"/> is null, else that task.
/// <paramref name="Error"/> is the exception behind a failure, for the log only.
/// </summary>
public sealed record RunEvent(WorkflowRun Run, TaskSnapshot? Task, Exception? Error);

/// <summary>A task of a run as it stands.</summary>
public sealed record TaskSnapshot(string Name, TaskState State)
{
    /// <summary>The current or last attempt, one-based; 0 before the first.</summary>
    public int Attempt { get; init; }

    public required int MaxAttempts { get; init; }

    public long RecordsProcessed { get; init; }

    /// <summary>Start of the current or last attempt.</summary>
    public DateTimeOffset? StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }

    /// <summary>When the next attempt starts, while <see cref="TaskState.UpForRetry"/>.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    public string? ErrorMessage { get; init; }
}

/// <summary>A run that goes on, with its tasks in the order of the plan.</summary>
public sealed record RunSnapshot(WorkflowRun Run, IReadOnlyList<TaskSnapshot> Tasks);
