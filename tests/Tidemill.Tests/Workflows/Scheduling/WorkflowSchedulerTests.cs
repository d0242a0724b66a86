using System.Collections.Concurrent;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Tests.Time;
using Tidemill.Tests.Workflows.Runs;
using Tidemill.Workflows.Runs;
using Tidemill.Workflows.Scheduling;
using static Tidemill.Tests.Workflows.Definitions;

namespace Tidemill.Tests.Workflows.Scheduling;

public sealed class WorkflowSchedulerTests : IAsyncDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 10, 20, 0, TimeSpan.Zero);

    private readonly ManualTimeProvider _time = new(Start);
    private readonly MemoryRunStore _store = new();
    private readonly ScriptedExecutor _executor = new();
    private readonly WorkflowRunner _runner;
    private readonly CancellationTokenSource _stop = new();
    private WorkflowScheduler? _scheduler;
    private Task? _serving;

    public WorkflowSchedulerTests() => _runner = new WorkflowRunner(_store, new OpenStores().With(_executor), _time);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _scheduler?.Dispose();
        _runner.Dispose();
        _stop.Dispose();
    }

    [Fact]
    public async Task Runs_start_at_their_fire_times_about_the_interval_before()
    {
        await StartAsync(Hourly());
        Assert.Equal(At(11), Status.NextFire);
        await RunsAsync(At(11), 1);
        await RunsAsync(At(12), 2);
        Assert.Equal([At(11), At(12)], _store.Runs.Select(run => run.StartTime));
        Assert.Equal([new DataInterval(At(10), At(11)), new DataInterval(At(11), At(12))], _store.Runs.Select(run => run.Interval));
        Assert.All(_store.Runs, run => Assert.Equal((RunTrigger.Schedule, RunStatus.Success), (run.Trigger, run.Status)));
        Assert.Equal((At(13), _store.Runs[1]), (Status.NextFire, Status.LastRun));
    }

    [Fact]
    public async Task Fire_times_missed_while_down_are_made_up_for_once_by_the_latest()
    {
        await _store.SaveRunAsync(Former(new DataInterval(At(5), At(6)), RunTrigger.Schedule), default);
        await StartAsync(Hourly());
        await Until.TrueAsync(() => Status.LastRun?.StartTime == Start, "the run that makes up");
        Assert.Equal(new DataInterval(At(9), At(10)), _store.Runs[^1].Interval);
        Assert.Equal(2, _store.Runs.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_is_made_up_for_when_nothing_was_missed(bool ranForLastHour)
    {
        if (ranForLastHour)
            await _store.SaveRunAsync(Former(new DataInterval(At(9), At(10)), RunTrigger.Schedule), default);

        await StartAsync(Hourly());
        await RunsAsync(At(11), ranForLastHour ? 2 : 1);
        Assert.Equal(new DataInterval(At(10), At(11)), _store.Runs[^1].Interval);
    }

    [Fact]
    public async Task After_a_jump_of_the_clock_only_the_latest_fire_time_runs()
    {
        await StartAsync(Hourly());
        await Until.TrueAsync(() => _time.NextDue is not null, "the scheduler to sleep");
        _time.Jump(TimeSpan.FromHours(5));
        await RunsAsync(_time.GetUtcNow().AddMinutes(1), 1);
        Assert.Equal(new DataInterval(At(14), At(15)), Assert.Single(_store.Runs).Interval);
    }

    [Fact]
    public async Task While_a_run_goes_on_only_the_latest_fire_time_waits()
    {
        var release = new TaskCompletionSource<long>();
        _executor.Scripts["a"] = (_, token) => release.Task.WaitAsync(token);
        await StartAsync(Hourly());
        await _time.AdvanceToAsync(At(11));
        await Until.TrueAsync(() => _executor.Started.Count == 1, "the first run");
        await _time.AdvanceToAsync(At(13));
        await Until.TrueAsync(() => Status.NextFire == At(14), "two more fire times");
        Assert.Equal(new DataInterval(At(12), At(13)), Status.Queued);
        Assert.Equal(TaskState.Running, Status.Active!.Tasks[0].State);
        release.SetResult(1);
        await Until.TrueAsync(() => _store.Runs.Count == 2 && Status.Active is null, "the second run");
        Assert.Equal([new DataInterval(At(10), At(11)), new DataInterval(At(12), At(13))], _store.Runs.Select(run => run.Interval));
    }

    [Fact]
    public async Task A_run_by_hand_is_about_the_last_interval_and_refused_while_one_goes_on()
    {
        _executor.Scripts["a"] = ScriptedExecutor.ForeverAsync;
        await StartAsync(Hourly());
        var run = await _scheduler!.TriggerAsync("w", default);
        Assert.Equal((RunTrigger.Manual, new DataInterval(At(9), At(10))), (run.Trigger, run.Interval));
        var error = await Assert.ThrowsAsync<TidemillException>(() => _scheduler.TriggerAsync("w", default));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Contains(run.Id.ToString(), error.Message, StringComparison.Ordinal);
        Assert.True(_scheduler.Cancel(run.Id));
        Assert.Equal(RunStatus.Cancelled, (await _scheduler.WaitAsync(run.Id, default)).Status);
        Assert.False(_scheduler.Cancel(run.Id));
        Assert.Equal(RunStatus.Cancelled, (await _scheduler.WaitAsync(run.Id, default)).Status);
    }

    [Fact]
    public async Task Without_schedules_runs_by_hand_still_work()
    {
        await StartAsync(
            new WorkflowSchedulerOptions { SchedulesEnabled = false }, Hourly(), Workflow(NewTask("b")) with { Name = "by_hand" });
        Assert.All(_scheduler!.Workflows, workflow => Assert.Null(workflow.NextFire));
        var run = await _scheduler.TriggerAsync("by_hand", default);
        Assert.Equal(new DataInterval(Start, Start), run.Interval);
        Assert.Equal(RunStatus.Success, (await _scheduler.WaitAsync(run.Id, default)).Status);
    }

    [Fact]
    public async Task An_unknown_workflow_is_named_along_with_those_there_are()
    {
        await StartAsync(Hourly());
        var error = await Assert.ThrowsAsync<TidemillException>(() => _scheduler!.TriggerAsync("x", default));
        Assert.Equal((ErrorCode.NotFound, "There is no workflow x; there are: w."), (error.Code, error.Message));
    }

    [Fact]
    public async Task Changes_are_told_once_the_status_shows_them()
    {
        await StartAsync(Hourly());
        var seen = new ConcurrentQueue<string>();
        _scheduler!.Changed += change => seen.Enqueue(
            $"{StatusName.Of(change.Run.Status)} {change.Task?.State} active:{Status.Active?.Tasks[0].State} "
                + $"last:{Status.LastRun?.Status}");
        await _scheduler.TriggerAsync("w", default);
        await Until.TrueAsync(() => seen.Count == 4, "four changes");
        Assert.Equal(
            ["running  active:Waiting last:", "running Running active:Running last:", "running Success active:Success last:", "success  active: last:Success"],
            seen);
    }

    [Fact]
    public async Task Stopping_ends_runs_and_records_them_as_interrupted()
    {
        _executor.Scripts["a"] = ScriptedExecutor.ForeverAsync;
        await StartAsync(Hourly());
        await _scheduler!.TriggerAsync("w", default);
        await Until.TrueAsync(() => !_executor.Started.IsEmpty, "the task to start");
        await StopAsync();
        Assert.Equal(RunStatus.Interrupted, Assert.Single(_store.Runs).Status);
    }

    [Fact]
    public async Task Runs_that_a_killed_process_left_are_interrupted()
    {
        await _store.SaveRunAsync(
            Former(new DataInterval(At(9), At(10)), RunTrigger.Schedule) with { Status = RunStatus.Running }, default);
        await StartAsync(Hourly());
        Assert.Equal((RunStatus.Interrupted, (DateTimeOffset?)Start), (Status.LastRun!.Status, Status.LastRun.EndTime));
    }

    [Fact]
    public async Task A_scheduler_that_ended_or_stands_still_has_a_problem()
    {
        await StartAsync(Hourly());
        Assert.Null(_scheduler!.Problem);
        await StopAsync();
        _time.Advance(TimeSpan.FromMinutes(4));
        Assert.Contains("stood still for 240 s", _scheduler.Problem);

        _store.Failures.Enqueue(new TidemillException(ErrorCode.AccessDenied, "no permission"));
        using var refused = new WorkflowScheduler([Hourly()], _runner, _store, _time);
        await Assert.ThrowsAsync<TidemillException>(() => refused.RunAsync(default));
        Assert.Equal("The scheduler ended: no permission", refused.Problem);
    }

    private WorkflowStatus Status => _scheduler!.Workflows[0];

    private static DateTimeOffset At(int hour) => new(2026, 1, 1, hour, 0, 0, TimeSpan.Zero);

    private static WorkflowDefinition Hourly() => Workflow(NewTask("a")) with { Schedule = "@hourly" };

    private static WorkflowRun Former(DataInterval interval, RunTrigger trigger) => new()
    {
        Id = Guid.NewGuid(),
        Workflow = "w",
        Trigger = trigger,
        Interval = interval,
        StartTime = interval.End,
        Status = RunStatus.Success,
    };

    private Task StartAsync(params WorkflowDefinition[] workflows) => StartAsync(new WorkflowSchedulerOptions(), workflows);

    private Task StartAsync(WorkflowSchedulerOptions options, params WorkflowDefinition[] workflows)
    {
        _scheduler = new WorkflowScheduler(workflows, _runner, _store, _time, options);
        _serving = _scheduler.RunAsync(_stop.Token);
        return _scheduler.Ready;
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        if (_serving is not null)
            await _serving.WaitAsync(TimeSpan.FromSeconds(20));
    }

    /// <summary>Moves the clock and waits until this many runs are recorded and none goes on.</summary>
    private async Task RunsAsync(DateTimeOffset at, int count)
    {
        await _time.AdvanceToAsync(at);
        await Until.TrueAsync(
            () => _store.Runs.Count == count && Status.Active is null && Status.LastRun is { } last && last.StartTime <= at,
            $"{count} runs");
    }
}
