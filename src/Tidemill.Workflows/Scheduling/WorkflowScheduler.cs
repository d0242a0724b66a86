using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Hosting;
using Tidemill.Workflows.Runs;

namespace Tidemill.Workflows.Scheduling;

/// <summary>
/// Starts runs when schedules fire or somebody asks. A workflow has one run at a time. A fire time that comes while a run
/// goes on waits for its end; of several that wait only the latest is run. Fire times missed while nothing ran (the process
/// was down, the machine slept) are made up for by one run, for the latest of them. A workflow that never ran by schedule
/// has missed nothing and waits for its next fire time. Safe for concurrent callers.
/// </summary>
public sealed class WorkflowScheduler : IDisposable
{
    /// <summary>A timer's clock stands still while a machine sleeps and the wall clock may be set, so both are compared this
    /// often.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly WorkflowRunner _runner;
    private readonly IRunStore _store;
    private readonly TimeProvider _time;
    private readonly WorkflowSchedulerOptions _options;
    private readonly Dictionary<string, ScheduledWorkflow> _workflows;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Heartbeat _heartbeat;

    /// <summary>ConfigurationInvalid when a workflow cannot be planned; see <see cref="Planning.WorkflowValidator"/>.</summary>
    public WorkflowScheduler(
        IReadOnlyList<WorkflowDefinition> workflows, WorkflowRunner runner, IRunStore store, TimeProvider time,
        WorkflowSchedulerOptions? options = null)
    {
        (this._runner, this._store, this._time, this._options) = (runner, store, time, options ?? new WorkflowSchedulerOptions());
        this._workflows = workflows.Select(workflow => new ScheduledWorkflow(workflow))
            .ToDictionary(workflow => workflow.Definition.Name);
        _heartbeat = new Heartbeat("The scheduler", 3 * LongestSleep, time);
        runner.Changed += Take;
    }

    /// <summary>What keeps schedules from firing, in one sentence; null while they do.</summary>
    public string? Problem => _heartbeat.Problem;

    /// <summary>
    /// Raised after each change of a run, when <see cref="Workflows"/> shows it. Handlers return quickly and do not throw.
    /// </summary>
    public event Action<RunEvent>? Changed;

    /// <summary>Completes when the history is readable and schedules are on; fails with <see cref="RunAsync"/>.</summary>
    public Task Ready => _ready.Task;

    /// <summary>All workflows by name.</summary>
    public IReadOnlyList<WorkflowStatus> Workflows
    {
        get
        {
            lock (_gate)
            {
                return [.. _workflows.Values.OrderBy(workflow => workflow.Definition.Name, StringComparer.Ordinal)
                    .Select(workflow => workflow.ToStatus())];
            }
        }
    }

    /// <summary>
    /// Serves schedules and requests until cancelled; then runs that go on are stopped and recorded as interrupted. Waits
    /// while the warehouse is away.
    /// </summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var onStop = cancellationToken.Register(_stopping.Cancel);
        try
        {
            await RetryPolicy.UntilItWorks(_time, _ => _heartbeat.Beat())
                .ExecuteAsync(async token => await PrepareAsync(token), cancellationToken);
            _ready.TrySetResult();
            while (true)
            {
                _heartbeat.Beat();
                await Task.Delay(StartDue(), _time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ready.TrySetCanceled(cancellationToken);
        }
        catch (Exception error)
        {
            _heartbeat.Fail(error);
            _ready.TrySetException(error);
            throw;
        }
        finally
        {
            await _stopping.CancelAsync();
            await ((Task)Task.WhenAll(ActiveRuns().Select(active => active.Ended.Task))).ConfigureAwait(
                ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Starts a run by hand, about the last interval that has ended, and returns it at once. NotFound: no such workflow.
    /// InvalidRequest: a run of it goes on.
    /// </summary>
    public async Task<WorkflowRun> TriggerAsync(string workflow, CancellationToken cancellationToken)
    {
        await Ready.WaitAsync(cancellationToken);
        lock (_gate)
        {
            if (!_workflows.TryGetValue(workflow, out var found))
            {
                throw new TidemillException(
                    ErrorCode.NotFound, $"There is no workflow {workflow}; there are: {string.Join(", ", _workflows.Keys)}.");
            }

            if (found.Active is { } active)
            {
                throw new TidemillException(
                    ErrorCode.InvalidRequest, $"Run {active.Run.Id} of workflow {workflow} goes on; wait for its end or cancel it.");
            }

            if (_stopping.IsCancellationRequested)
                throw new TidemillException(ErrorCode.Unavailable, "Tidemill is being stopped.");

            var now = _time.GetUtcNow();
            return Start(found, RunTrigger.Manual, found.Schedule?.LastInterval(now) ?? new DataInterval(now, now));
        }
    }

    /// <summary>The run when it has ended. NotFound: no such run.</summary>
    public async Task<WorkflowRun> WaitAsync(Guid runId, CancellationToken cancellationToken)
    {
        if (ActiveRuns().FirstOrDefault(run => run.Run.Id == runId) is { } active)
            return await active.Ended.Task.WaitAsync(cancellationToken);

        return await _store.FindRunAsync(runId, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"There is no run {runId}.");
    }

    /// <summary>Tells a run to stop; false when no such run goes on. <see cref="WaitAsync"/> tells when it has.</summary>
    public bool Cancel(Guid runId)
    {
        var active = ActiveRuns().FirstOrDefault(run => run.Run.Id == runId);
        active?.Cancellation.Cancel();
        return active is not null;
    }

    public void Dispose()
    {
        _runner.Changed -= Take;
        _stopping.Dispose();
    }

    private List<ActiveRun> ActiveRuns()
    {
        lock (_gate)
            return [.. _workflows.Values.Select(workflow => workflow.Active).OfType<ActiveRun>()];
    }

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (_options.OwnsHistory)
            await _store.InterruptRunningAsync(_time.GetUtcNow(), cancellationToken);

        foreach (var workflow in _workflows.Values)
        {
            var last = await _store.ListRunsAsync(workflow.Definition.Name, null, 1, cancellationToken);
            var scheduled = await _store.ListRunsAsync(workflow.Definition.Name, RunTrigger.Schedule, 1, cancellationToken);
            lock (_gate)
            {
                workflow.LastRun = last.Count == 0 ? null : last[0];
                if (workflow.Schedule is not { } schedule || !_options.SchedulesEnabled)
                    continue;

                var now = _time.GetUtcNow();
                workflow.NextFire = schedule.Next(now);
                var due = schedule.LastInterval(now);
                if (scheduled.Count > 0 && scheduled[0].Interval.End < due.End)
                    workflow.Queued = due;
            }
        }
    }

    /// <summary>Starts what is due and returns how long to sleep.</summary>
    private TimeSpan StartDue()
    {
        lock (_gate)
        {
            var now = _time.GetUtcNow();
            var sleep = LongestSleep;
            foreach (var workflow in _workflows.Values)
            {
                if (workflow.NextFire <= now && workflow.Schedule is { } schedule)
                {
                    workflow.Queued = schedule.LastInterval(now);
                    workflow.NextFire = schedule.Next(now);
                }

                StartQueued(workflow);
                if (workflow.NextFire is { } next && next - now < sleep)
                    sleep = next - now;
            }

            return sleep;
        }
    }

    private void StartQueued(ScheduledWorkflow workflow)
    {
        if (workflow.Queued is not { } interval || workflow.Active is not null || _stopping.IsCancellationRequested)
            return;

        workflow.Queued = null;
        Start(workflow, RunTrigger.Schedule, interval);
    }

    private WorkflowRun Start(ScheduledWorkflow workflow, RunTrigger trigger, DataInterval interval)
    {
        var run = _runner.NewRun(workflow.Plan, new RunRequest(trigger, interval));
        var active = new ActiveRun(run);
        workflow.Active = active;
        _ = Task.Run(() => CarryOutAsync(workflow, active), CancellationToken.None);
        return run;
    }

    /// <summary>Never throws: <see cref="ActiveRun.Ended"/> carries the outcome, and RunAsync waits for it.</summary>
    private async Task CarryOutAsync(ScheduledWorkflow workflow, ActiveRun active)
    {
        WorkflowRun? ended = null;
        Exception? failure = null;
        try
        {
            ended = await _runner.RunAsync(workflow.Plan, active.Run, _stopping.Token, active.Cancellation.Token);
        }
        catch (Exception error)
        {
            failure = error;
        }

        WorkflowRun last;
        lock (_gate)
        {
            workflow.Active = null;
            workflow.LastRun = last = ended ?? active.Run with
            {
                Status = RunStatus.Interrupted,
                EndTime = _time.GetUtcNow(),
                ErrorMessage = "The run could not be recorded.",
            };
            StartQueued(workflow);
        }

        if (failure is null)
            active.Ended.SetResult(ended!);
        else
            active.Ended.SetException(failure);

        Changed?.Invoke(new RunEvent(last, null, failure));
    }

    private void Take(RunEvent change)
    {
        lock (_gate)
        {
            if (change.Task is { } task && _workflows.TryGetValue(change.Run.Workflow, out var workflow)
                && workflow.Active is { } active && active.Run.Id == change.Run.Id)
            {
                active.Take(task);
            }
        }

        // A run's end is told once the workflow's status shows it.
        if (change.Task is not null || change.Run.Status == RunStatus.Running)
            Changed?.Invoke(change);
    }
}
