using Tidemill.Workflows.Runs;

namespace Tidemill.Tests.Workflows.Runs;

/// <summary>Keeps the history in memory, and every save in order.</summary>
internal sealed class MemoryRunStore : IRunStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, WorkflowRun> _runs = [];
    private readonly Dictionary<Guid, TaskAttempt> _attempts = [];

    /// <summary>Thrown by the next saves, one each.</summary>
    public Queue<Exception> Failures { get; } = [];

    public List<WorkflowRun> Runs
    {
        get
        {
            lock (_gate)
                return [.. _runs.Values.OrderBy(run => run.StartTime)];
        }
    }

    public List<TaskAttempt> Attempts
    {
        get
        {
            lock (_gate)
                return [.. _attempts.Values];
        }
    }

    public string Summary =>
        string.Join(' ', Attempts.Select(attempt => $"{attempt.Task}/{attempt.Attempt}:{StatusName.Of(attempt.Status)}"));

    public Task<long> InterruptRunningAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (Failures.TryDequeue(out var failure)) return Task.FromException<long>(failure);
        lock (_gate)
        {
            var open = _runs.Values.Where(run => run.Status == RunStatus.Running).ToList();
            open.ForEach(run => _runs[run.Id] = run with { Status = RunStatus.Interrupted, EndTime = now });
            return Task.FromResult<long>(open.Count);
        }
    }

    public Task SaveRunAsync(WorkflowRun run, CancellationToken cancellationToken) => Save(() => _runs[run.Id] = run, cancellationToken);

    public Task SaveAttemptAsync(TaskAttempt attempt, CancellationToken cancellationToken) =>
        Save(() => _attempts[attempt.Id] = attempt, cancellationToken);

    public Task<IReadOnlyList<WorkflowRun>> ListRunsAsync(
        string? workflow, RunTrigger? trigger, int limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<WorkflowRun>>([.. Runs
            .Where(run => (workflow is null || run.Workflow == workflow) && (trigger is null || run.Trigger == trigger))
            .OrderByDescending(run => run.StartTime).Take(limit)]);

    public Task<WorkflowRun?> FindRunAsync(Guid id, CancellationToken cancellationToken) =>
        Task.FromResult(Runs.Find(run => run.Id == id));

    public Task<IReadOnlyList<TaskAttempt>> ListAttemptsAsync(Guid runId, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<TaskAttempt>>([.. Attempts.Where(attempt => attempt.RunId == runId)]);

    private Task Save(Action save, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (Failures.TryDequeue(out var failure))
                return Task.FromException(failure);

            save();
            return Task.CompletedTask;
        }
    }
}
