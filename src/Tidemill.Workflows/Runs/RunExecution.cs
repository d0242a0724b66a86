using Tidemill.Workflows.Planning;

namespace Tidemill.Workflows.Runs;

/// <summary>One run being carried out. One loop decides; the tasks it starts run side by side.</summary>
internal sealed class RunExecution : IDisposable
{
    private readonly WorkflowRunner runner;
    private readonly RunPlan plan;
    private readonly CancellationToken cancelled;
    private readonly CancellationTokenSource work;
    private readonly CancellationTokenSource history;
    private readonly CancellationTokenRegistration onStop;
    private readonly Dictionary<string, TaskSnapshot> tasks;
    private WorkflowRun run;

    public RunExecution(
        WorkflowRunner runner, RunPlan plan, WorkflowRun run, CancellationToken stopping, CancellationToken cancelled)
    {
        (this.runner, this.plan, this.run, this.cancelled) = (runner, plan, run, cancelled);
        tasks = plan.Tasks.ToDictionary(
            task => task.Name, task => new TaskSnapshot(task.Name, TaskState.Waiting) { MaxAttempts = task.MaxAttempts });
        work = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancelled);

        // What happened must still be recorded after the work is told to stop, but not for ever.
        history = new CancellationTokenSource(Timeout.InfiniteTimeSpan, runner.Time);
        onStop = work.Token.Register(() => history.CancelAfter(runner.Options.StopTimeout));
    }

    private TaskState StoppedState => cancelled.IsCancellationRequested ? TaskState.Cancelled : TaskState.Interrupted;

    public async Task<WorkflowRun> RunAsync()
    {
        await SaveAsync(run, null);
        var running = new List<Task<TaskSnapshot>>();
        try
        {
            do
            {
                await StartReadyAsync(running);
                if (running.Count == 0)
                {
                    break;
                }

                var ended = await Task.WhenAny(running);
                running.Remove(ended);
                var task = await ended;
                tasks[task.Name] = task;
            }
            while (true);
            await CloseWaitingAsync(_ => true, StoppedState, "The run was stopped before this started.");
        }
        catch
        {
            await work.CancelAsync();
            await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }

        return await EndAsync();
    }

    public void Dispose()
    {
        onStop.Dispose();
        history.Dispose();
        work.Dispose();
    }

    private async Task StartReadyAsync(List<Task<TaskSnapshot>> running)
    {
        if (work.IsCancellationRequested)
        {
            return;
        }

        // The plan's order brings a failure down the whole graph in one pass.
        await CloseWaitingAsync(
            task => task.DependsOn.Any(name => tasks[name].State is TaskState.Failed or TaskState.UpstreamFailed),
            TaskState.UpstreamFailed, "A task before this one failed.");
        foreach (var task in plan.Tasks)
        {
            if (tasks[task.Name].State != TaskState.Waiting || task.DependsOn.Any(name => tasks[name].State != TaskState.Success))
            {
                continue;
            }

            tasks[task.Name] = tasks[task.Name] with { State = TaskState.Running };
            var execution = new TaskExecution(runner, run, task, work.Token, history.Token);
            running.Add(execution.RunAsync(() => StoppedState));
        }
    }

    /// <summary>Ends tasks that were not started, with a row of their own, so that a run's rows name every task.</summary>
    private async Task CloseWaitingAsync(Func<PlannedTask, bool> which, TaskState state, string reason)
    {
        foreach (var task in plan.Tasks)
        {
            if (tasks[task.Name].State != TaskState.Waiting || !which(task))
            {
                continue;
            }

            var now = runner.Time.GetUtcNow();
            tasks[task.Name] = tasks[task.Name] with { State = state, EndTime = now, ErrorMessage = reason };
            var row = runner.NewAttempt(run, task, 0) with { Status = state, EndTime = now, ErrorMessage = reason };
            await runner.SaveAsync(row, history.Token);
            runner.Publish(new RunEvent(run, tasks[task.Name], null));
        }
    }

    private async Task<WorkflowRun> EndAsync()
    {
        var ended = plan.Tasks.Select(task => tasks[task.Name]).ToList();
        var failure = ended.Find(task => task.State == TaskState.Failed);
        var stopped = ended.Exists(task => task.State is TaskState.Cancelled or TaskState.Interrupted);
        run = run with
        {
            Status = stopped ? (cancelled.IsCancellationRequested ? RunStatus.Cancelled : RunStatus.Interrupted)
                : failure is null ? RunStatus.Success : RunStatus.Failed,
            RecordsProcessed = ended.Sum(task => task.RecordsProcessed),
            EndTime = runner.Time.GetUtcNow(),
            ErrorMessage = failure is not null ? $"Task {failure.Name}: {failure.ErrorMessage}"
                : !stopped ? null
                : cancelled.IsCancellationRequested ? "The run was cancelled." : "Tidemill was stopped.",
        };
        await SaveAsync(run, null);
        return run;
    }

    private async Task SaveAsync(WorkflowRun state, Exception? error)
    {
        await runner.SaveAsync(state, history.Token);
        runner.Publish(new RunEvent(state, null, error));
    }
}
