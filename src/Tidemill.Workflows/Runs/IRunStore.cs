namespace Tidemill.Workflows.Runs;

/// <summary>The history of runs. Writes are durable on return. Safe for concurrent callers.</summary>
public interface IRunStore
{
    /// <summary>
    /// Marks runs and attempts that a former process left running as interrupted; returns how many runs those were. To be
    /// called once, before the first run.
    /// </summary>
    Task<long> InterruptRunningAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Adds a run, or replaces the one with its id.</summary>
    Task SaveRunAsync(WorkflowRun run, CancellationToken cancellationToken);

    /// <summary>Adds an attempt, or replaces the one with its id.</summary>
    Task SaveAttemptAsync(TaskAttempt attempt, CancellationToken cancellationToken);

    /// <summary>Runs, latest start first; of all workflows when <paramref name="workflow"/> is null.</summary>
    Task<IReadOnlyList<WorkflowRun>> ListRunsAsync(
        string? workflow, RunTrigger? trigger, int limit, CancellationToken cancellationToken);

    /// <summary>The run, or null.</summary>
    Task<WorkflowRun?> FindRunAsync(Guid id, CancellationToken cancellationToken);

    /// <summary>A run's attempts in the order they were made.</summary>
    Task<IReadOnlyList<TaskAttempt>> ListAttemptsAsync(Guid runId, CancellationToken cancellationToken);
}
