using Tidemill.Workflows.Planning;

namespace Tidemill.Workflows.Runs;

/// <summary>One run being carried out. One loop decides; the tasks it starts run side by side.</summary>
internal sealed class RunExecution : IDisposable
{
    private readonly WorkflowRunner _runner;
    private readonly RunPlan _plan;
    private readonly CancellationToken _cancelled;
    private readonly CancellationTokenSource _work;
    private readonly CancellationTokenSource _history;
    private readonly CancellationTokenRegistration _onStop;
    private readonly Dictionary<string, TaskSnapshot> _tasks;
    private WorkflowRun _run;

    public RunExecution(
        WorkflowRunner runner, RunPlan plan, WorkflowRun run, CancellationToken stopping, CancellationToken cancelled)
    {
        (this._runner, this._plan, this._run, this._cancelled) = (runner, plan, run, cancelled);
        _tasks = plan.Tasks.ToDictionary(
            task => task.Name, task => new TaskSnapshot(task.Name, TaskState.Waiting) { MaxAttempts = task.MaxAttempts });
        _work = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancelled);

        // What happened must still be recorded after the work is told to stop, but not for ever.
        _history = new CancellationTokenSource(Timeout.InfiniteTimeSpan, runner.Time);
        _onStop = _work.Token.Register(() => _history.CancelAfter(runner.Options.StopTimeout));
    }

    private TaskState StoppedState => _cancelled.IsCancellationRequested ? TaskState.Cancelled : TaskState.Interrupted;

    public async Task<WorkflowRun> RunAsync()
    {
        await SaveAsync(_run, null);
        var running = new List<Task<TaskSnapshot>>();
        try
        {
            do
            {
                await StartReadyAsync(running);
                if (running.Count == 0)
                    break;

                var ended = await Task.WhenAny(running);
                running.Remove(ended);
                var task = await ended;
                _tasks[task.Name] = task;
            }
            while (true);
            await CloseWaitingAsync(_ => true, StoppedState, "The run was stopped before this started.");
        }
        catch
        {
            await _work.CancelAsync();
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await EndAsync();
    }

    public void Dispose()
    {
        _onStop.Dispose();
        _history.Dispose();
        _work.Dispose();
    }

    private async Task StartReadyAsync(List<Task<TaskSnapshot>> running)
    {
        if (_work.IsCancellationRequested)
            return;

        // The plan's order brings a failure down the whole graph in one pass.
        await CloseWaitingAsync(
            task => task.DependsOn.Any(name => _tasks[name].State is TaskState.Failed or TaskState.UpstreamFailed),
            TaskState.UpstreamFailed, "A task before this one failed.");
        foreach (var task in _plan.Tasks)
        {
            if (_tasks[task.Name].State != TaskState.Waiting || task.DependsOn.Any(name => _tasks[name].State != TaskState.Success))
                continue;

            _tasks[task.Name] = _tasks[task.Name] with { State = TaskState.Running };
            var execution = new TaskExecution(_runner, _run, task, _work.Token, _history.Token);
            running.Add(execution.RunAsync(() => StoppedState));
        }
    }

    /// <summary>Ends tasks that were not started, with a row of their own, so that a run's rows name every task.</summary>
    private async Task CloseWaitingAsync(Func<PlannedTask, bool> which, TaskState state, string reason)
    {
        foreach (var task in _plan.Tasks)
        {
            if (_tasks[task.Name].State != TaskState.Waiting || !which(task))
                continue;

            var now = _runner.Time.GetUtcNow();
            _tasks[task.Name] = _tasks[task.Name] with { State = state, EndTime = now, ErrorMessage = reason };
            var row = _runner.NewAttempt(_run, task, 0) with { Status = state, EndTime = now, ErrorMessage = reason };
            await _runner.SaveAsync(row, _history.Token);
            _runner.Publish(new RunEvent(_run, _tasks[task.Name], null));
        }
    }

    private async Task<WorkflowRun> EndAsync()
    {
        var ended = _plan.Tasks.Select(task => _tasks[task.Name]).ToList();
        var failure = ended.Find(task => task.State == TaskState.Failed);
        var stopped = ended.Exists(task => task.State is TaskState.Cancelled or TaskState.Interrupted);
        _run = _run with
        {
            Status = stopped ? (_cancelled.IsCancellationRequested ? RunStatus.Cancelled : RunStatus.Interrupted)
                : failure is null ? RunStatus.Success : RunStatus.Failed,
            RecordsProcessed = ended.Sum(task => task.RecordsProcessed),
            EndTime = _runner.Time.GetUtcNow(),
            ErrorMessage = failure is not null ? $"Task {failure.Name}: {failure.ErrorMessage}"
                : !stopped ? null
                : _cancelled.IsCancellationRequested ? "The run was cancelled." : "Tidemill was stopped.",
        };
        await SaveAsync(_run, null);
        return _run;
    }

    private async Task SaveAsync(WorkflowRun state, Exception? error)
    {
        await _runner.SaveAsync(state, _history.Token);
        _runner.Publish(new RunEvent(state, null, error));
    }
}
