using Tidemill.Core.Components;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Runs;

/// <summary>Where a run stands; stored in lower case with underscores.</summary>
public enum RunStatus
{
    Running,
    Success,

    /// <summary>A task failed after its last attempt.</summary>
    Failed,

    /// <summary>Somebody stopped it.</summary>
    Cancelled,

    /// <summary>The process ended before the run did.</summary>
    Interrupted,
}

/// <summary>Where a task stands within a run; stored in lower case with underscores.</summary>
public enum TaskState
{
    /// <summary>Waits for others or for a free slot. Never stored.</summary>
    Waiting,
    Running,
    Success,
    Failed,

    /// <summary>An attempt failed and the next one is due. Never stored: the attempt is stored as failed.</summary>
    UpForRetry,

    /// <summary>Not started, because a task it depends on failed.</summary>
    UpstreamFailed,
    Cancelled,
    Interrupted,
}

/// <summary>What started a run.</summary>
public enum RunTrigger
{
    Schedule,
    Manual,
}

/// <summary>One run, a row of pipeline_executions. Times are UTC.</summary>
public sealed record WorkflowRun
{
    /// <summary>A version 7 UUID: ids sort by start time.</summary>
    public required Guid Id { get; init; }

    public required string Workflow { get; init; }

    public Stored<RunStatus> Status { get; init; } = RunStatus.Running;

    public required Stored<RunTrigger> Trigger { get; init; }

    public required DataInterval Interval { get; init; }

    /// <summary>The sum over the tasks that succeeded.</summary>
    public long RecordsProcessed { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }

    /// <summary>The first failure, with its code and remedy.</summary>
    public string? ErrorMessage { get; init; }
}

/// <summary>One attempt at a task, a row of task_executions. Times are UTC.</summary>
public sealed record TaskAttempt
{
    /// <summary>A version 7 UUID.</summary>
    public required Guid Id { get; init; }

    public required Guid RunId { get; init; }

    public required string Workflow { get; init; }

    public required string Task { get; init; }

    /// <summary>One-based; 0 for a task that was not started.</summary>
    public required int Attempt { get; init; }

    public Stored<TaskState> Status { get; init; } = TaskState.Running;

    public long RecordsProcessed { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    public DateTimeOffset? EndTime { get; init; }

    public Stored<ErrorCode>? ErrorCode { get; init; }

    /// <summary>The code, what happened and the remedy.</summary>
    public string? ErrorMessage { get; init; }
}

/// <summary>What is asked of the runner.</summary>
public sealed record RunRequest(RunTrigger Trigger, DataInterval Interval);
