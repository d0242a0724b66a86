using System.Diagnostics;
using Polly;
using Tidemill.Core.Components;
using Tidemill.Core.Errors;
using Tidemill.Core.Telemetry;
using Tidemill.Workflows.Planning;

namespace Tidemill.Workflows.Runs;

/// <summary>Bounds of the runner.</summary>
public sealed record WorkflowRunnerOptions
{
    /// <summary>
    /// Attempts that run at the same time, over all workflows. Default 4: tasks mostly wait for the warehouse, which uses
    /// all processors itself.
    /// </summary>
    public int MaxParallelTasks { get; init; } = 4;

    /// <summary>How long the history may take to be written once a run is being stopped. Default 10 s.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>
/// Runs plans and records them. A task starts when all it depends on succeeded, so independent tasks run side by side. A
/// task that fails, whatever the reason, is tried again up to its number of attempts, as in Airflow. When it has failed for
/// good, those that depend on it are not started (upstream_failed); others go on. Safe for concurrent callers.
/// </summary>
public sealed class WorkflowRunner : IDisposable
{
    private readonly IRunStore _store;
    private readonly TimeProvider _time;
    private readonly WorkflowRunnerOptions _options;
    private readonly SemaphoreSlim _slots;
    private readonly ResiliencePipeline _recording;

    /// <param name="store">Keeps the history.</param>
    /// <param name="stores">What tasks work on.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">Bounds.</param>
    public WorkflowRunner(IRunStore store, IStores stores, TimeProvider time, WorkflowRunnerOptions? options = null)
    {
        (_store, Stores, _time, _options) = (store, stores, time, options ?? new WorkflowRunnerOptions());
        _slots = new SemaphoreSlim(_options.MaxParallelTasks);
        _recording = RetryPolicy.UntilItWorks(time, _ => { });
    }

    /// <summary>Raised after each change, on the run's own thread of control: handlers return quickly and do not throw.</summary>
    public event Action<RunEvent>? Changed;

    /// <summary>A run with a new id that starts now.</summary>
    public WorkflowRun NewRun(RunPlan plan, RunRequest request)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(request);
        var now = _time.GetUtcNow();
        return new WorkflowRun
        {
            Id = Guid.CreateVersion7(now),
            Workflow = plan.Workflow,
            Trigger = request.Trigger,
            Interval = request.Interval,
            StartTime = now,
        };
    }

    /// <summary>
    /// Carries the plan out and returns the run as recorded at its end. A failure of a task is a result, not an exception.
    /// A run that <paramref name="cancellationToken"/> ends is cancelled; one that <paramref name="stopping"/> (the process
    /// goes down) ends is interrupted. Throws only when the history cannot be written: Internal, SqlInvalid, AccessDenied;
    /// it waits while the warehouse is away.
    /// </summary>
    public async Task<WorkflowRun> RunAsync(
        RunPlan plan, WorkflowRun run, CancellationToken stopping, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(run);
        using var execution = new RunExecution(this, plan, run, stopping, cancellationToken);
        return await Spans.TraceAsync(
            Spans.Run, ActivityKind.Internal,
            async span =>
            {
                var ended = await execution.RunAsync();
                var status = Meters.Status(StatusName.Of(ended.Status));
                span?.SetTag(status.Key, status.Value);
                if (ended.Status == RunStatus.Failed)
                    span?.SetStatus(ActivityStatusCode.Error);

                var duration = (ended.EndTime ?? _time.GetUtcNow()) - ended.StartTime;
                Meters.RunDuration.Record(duration.TotalSeconds, Meters.Workflow(run.Workflow), status);
                return ended;
            },
            Meters.Workflow(run.Workflow), new("tidemill.workflow.run", run.Id.ToString()));
    }

    public void Dispose() => _slots.Dispose();

    internal TimeProvider Time => _time;

    internal WorkflowRunnerOptions Options => _options;

    internal SemaphoreSlim Slots => _slots;

    internal IStores Stores { get; }

    internal TaskAttempt NewAttempt(WorkflowRun run, PlannedTask task, int attempt)
    {
        var now = _time.GetUtcNow();
        return new TaskAttempt
        {
            Id = Guid.CreateVersion7(now),
            RunId = run.Id,
            Workflow = run.Workflow,
            Task = task.Name,
            Attempt = attempt,
            StartTime = now,
        };
    }

    internal void Publish(RunEvent change) => Changed?.Invoke(change);

    internal async Task SaveAsync(WorkflowRun run, CancellationToken cancellationToken) =>
        await _recording.ExecuteAsync(async token => await _store.SaveRunAsync(run, token), cancellationToken);

    internal async Task SaveAsync(TaskAttempt attempt, CancellationToken cancellationToken) =>
        await _recording.ExecuteAsync(async token => await _store.SaveAttemptAsync(attempt, token), cancellationToken);
}
