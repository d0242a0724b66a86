using System.Collections.Concurrent;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Tests.Time;
using Tidemill.Workflows.Planning;
using Tidemill.Workflows.Runs;
using static Tidemill.Tests.Workflows.Definitions;

namespace Tidemill.Tests.Workflows.Runs;

public sealed class WorkflowRunnerTests : IDisposable
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 10, 0, 0, TimeSpan.Zero);

    private readonly ManualTimeProvider _time = new(Start);
    private readonly MemoryRunStore _store = new();
    private readonly ScriptedExecutor _executor = new();
    private readonly WorkflowRunner _runner;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _cancel = new();

    public WorkflowRunnerTests() =>
        _runner = new WorkflowRunner(_store, new OpenStores().With(_executor), _time, new WorkflowRunnerOptions { MaxParallelTasks = 2 });

    public void Dispose()
    {
        _runner.Dispose();
        _stopping.Dispose();
        _cancel.Dispose();
    }

    [Fact]
    public async Task A_run_and_each_attempt_are_recorded()
    {
        _executor.Scripts["a"] = (_, _) => Task.FromResult(40L);
        _executor.Scripts["b"] = (_, _) => Task.FromResult(2L);
        var run = await RunAsync(NewTask("a"), NewTask("b"));
        Assert.Equal((RunStatus.Success, 42), (run.Status, run.RecordsProcessed));
        Assert.Null(run.ErrorMessage);
        Assert.Equal(run, Assert.Single(_store.Runs));
        Assert.Equal("a/1:success b/1:success", _store.Summary);
        Assert.Equal([40L, 2L], _store.Attempts.Select(attempt => attempt.RecordsProcessed));
        Assert.Equal(new DataInterval(Start.AddHours(-1), Start), _executor.Started.First().Interval);
    }

    [Fact]
    public async Task Independent_tasks_run_side_by_side_within_the_bound()
    {
        var both = new Barrier(2);
        foreach (var name in new[] { "a", "b" })
        {
            _executor.Scripts[name] = async (_, token) =>
            {
                await Task.Run(() => Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(20), token)), token);
                return 1;
            };
        }

        var run = await RunAsync(NewTask("a"), NewTask("b"), NewTask("c"), NewTask("d"), NewTask("e", "a"));
        Assert.Equal((RunStatus.Success, 5), (run.Status, run.RecordsProcessed));
        Assert.Equal(2, _executor.MostAtOnce);
    }

    [Fact]
    public async Task A_failure_skips_what_depends_on_it_and_nothing_else()
    {
        _executor.Scripts["b"] = (_, _) => throw new TidemillException(ErrorCode.SqlInvalid, "models/b.sql:3: no such column.");
        var run = await RunAsync(NewTask("a"), NewTask("b", "a"), NewTask("c", "b"), NewTask("d", "c"), NewTask("e", "a"));
        Assert.Equal(RunStatus.Failed, run.Status);
        Assert.Equal(2, run.RecordsProcessed);
        Assert.Equal("Task b: SqlInvalid: models/b.sql:3: no such column. Mend the SQL at the named place.", run.ErrorMessage);
        Assert.Equal(
            ["a/1:success", "b/1:failed", "c/0:upstream_failed", "d/0:upstream_failed", "e/1:success"],
            _store.Summary.Split(' ').Order());
    }

    [Fact]
    public async Task Any_failure_is_tried_again_after_doubling_waits()
    {
        _executor.Scripts["a"] = (context, _) => context.Attempt < 4
            ? throw new TidemillException(ErrorCode.SqlInvalid, "No.")
            : Task.FromResult(7L);
        var states = new ConcurrentQueue<TaskState>();
        _runner.Changed += change => states.Enqueue(change.Task?.State ?? TaskState.Waiting);
        var run = RunAsync(NewTask("a") with { Retries = 3, RetryDelay = TimeSpan.FromSeconds(5) });
        await _time.AdvanceToAsync(Start.AddSeconds(5 + 10 + 20));
        Assert.Equal(RunStatus.Success, (await run).Status);
        Assert.Equal("a/1:failed a/2:failed a/3:failed a/4:success", _store.Summary);
        Assert.Equal([0, 5, 15, 35], _store.Attempts.Select(attempt => (attempt.StartTime - Start).TotalSeconds));
        Assert.Equal(3, states.Count(state => state == TaskState.UpForRetry));
    }

    [Fact]
    public async Task The_last_attempts_failure_is_the_runs()
    {
        _executor.Scripts["a"] = (context, _) => throw new TidemillException(ErrorCode.Unavailable, $"Attempt {context.Attempt}.");
        var run = RunAsync(NewTask("a") with { Retries = 1, RetryDelay = TimeSpan.FromSeconds(1) });
        await _time.AdvanceToAsync(Start.AddSeconds(1));
        Assert.StartsWith("Task a: Unavailable: Attempt 2.", (await run).ErrorMessage, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_attempt_over_its_timeout_fails()
    {
        _executor.Scripts["a"] = ScriptedExecutor.ForeverAsync;
        var run = RunAsync(NewTask("a") with { Timeout = TimeSpan.FromMinutes(10) });
        await _time.AdvanceToAsync(Start.AddMinutes(10));
        var ended = await run;
        Assert.Equal(RunStatus.Failed, ended.Status);
        Assert.Contains("TimedOut: The task did not end within 00:10:00.", ended.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(Start.AddMinutes(10), _store.Attempts[0].EndTime);
    }

    [Theory]
    [InlineData(true, RunStatus.Cancelled, "a/1:cancelled b/0:cancelled")]
    [InlineData(false, RunStatus.Interrupted, "a/1:interrupted b/0:interrupted")]
    public async Task A_stopped_run_says_who_stopped_it(bool byUser, RunStatus status, string rows)
    {
        _executor.Scripts["a"] = ScriptedExecutor.ForeverAsync;
        var run = RunAsync(NewTask("a"), NewTask("b"));
        await Until.TrueAsync(() => !_executor.Started.IsEmpty, "the task to start");
        await (byUser ? _cancel : _stopping).CancelAsync();
        Assert.Equal(status, (await run).Status);
        Assert.Equal(status, _store.Runs[0].Status);
        Assert.Equal(rows, _store.Summary);
    }

    [Fact]
    public async Task A_run_is_cancelled_while_it_waits_for_the_next_attempt()
    {
        _executor.Scripts["a"] = (_, _) => throw new TidemillException(ErrorCode.Unavailable, "Away.");
        var run = RunAsync(NewTask("a") with { Retries = 5, RetryDelay = TimeSpan.FromHours(1) });
        await Until.TrueAsync(() => _time.NextDue is not null, "the wait for the next attempt");
        await _cancel.CancelAsync();
        Assert.Equal(RunStatus.Cancelled, (await run).Status);
        Assert.Equal("a/1:failed", _store.Summary);
    }

    [Fact]
    public async Task A_foreign_exception_is_named_without_its_text()
    {
        _executor.Scripts["a"] = (_, _) => throw new InvalidOperationException("card 4711");
        Exception? logged = null;
        _runner.Changed += change => logged ??= change.Error;
        var run = await RunAsync(NewTask("a"));
        Assert.StartsWith("Task a: Internal: InvalidOperationException.", run.ErrorMessage, StringComparison.Ordinal);
        Assert.DoesNotContain("4711", run.ErrorMessage, StringComparison.Ordinal);
        Assert.IsType<InvalidOperationException>(logged);
    }

    [Fact]
    public async Task The_history_waits_for_a_warehouse_that_is_away()
    {
        _store.Failures.Enqueue(new TidemillException(ErrorCode.Unavailable, "Away."));
        _store.Failures.Enqueue(new TidemillException(ErrorCode.TransactionConflict, "Lost."));
        var run = RunAsync(NewTask("a"));
        await Until.TrueAsync(
            () =>
            {
                _time.Advance(TimeSpan.FromSeconds(1));
                return run.IsCompleted;
            },
            "the run to get through");
        Assert.Equal(RunStatus.Success, (await run).Status);
        Assert.Equal(RunStatus.Success, Assert.Single(_store.Runs).Status);
        Assert.Empty(_store.Failures);
    }

    [Fact]
    public async Task A_history_that_cannot_be_written_ends_the_run_with_the_error()
    {
        _store.Failures.Enqueue(new TidemillException(ErrorCode.AccessDenied, "No rights."));
        var error = await Assert.ThrowsAsync<TidemillException>(() => RunAsync(NewTask("a")));
        Assert.Equal(ErrorCode.AccessDenied, error.Code);
        Assert.Empty(_executor.Started);
    }

    [Fact]
    public async Task Random_graphs_run_each_task_once_and_after_its_dependencies()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 50; i++)
        {
            _executor.Started.Clear();
            _executor.Scripts.Clear();
            var names = Enumerable.Range(0, random.Next(1, 15)).Select(n => $"t{n}").ToArray();
            var tasks = names.Select((name, n) => NewTask(name, [.. names.Take(n).Where(_ => random.Next(3) == 0)])).ToArray();
            var failing = names.Where(_ => random.Next(6) == 0).ToHashSet();
            foreach (var name in failing)
                _executor.Scripts[name] = (_, _) => throw new TidemillException(ErrorCode.SqlInvalid, "No.");

            var plan = WorkflowPlanner.Plan(Workflow(tasks));
            var run = await RunAsync(tasks);
            var order = _executor.Started.Select(context => context.Task).ToList();
            var reachable = new HashSet<string>();
            foreach (var task in plan.Tasks.Where(task => task.DependsOn.All(name => reachable.Contains(name) && !failing.Contains(name))))
            {
                reachable.Add(task.Name);
                Assert.True(task.DependsOn.All(name => order.IndexOf(name) < order.IndexOf(task.Name)), $"seed {seed}, case {i}");
            }

            Assert.True(reachable.SetEquals(order) && order.Count == reachable.Count, $"seed {seed}, case {i}");
            Assert.Equal(reachable.Overlaps(failing) ? RunStatus.Failed : RunStatus.Success, run.Status);
        }
    }

    private Task<WorkflowRun> RunAsync(params TaskDefinition[] tasks)
    {
        var plan = WorkflowPlanner.Plan(Workflow(tasks));
        var run = _runner.NewRun(plan, new RunRequest(RunTrigger.Manual, new DataInterval(Start.AddHours(-1), Start)));
        return Task.Run(() => _runner.RunAsync(plan, run, _stopping.Token, _cancel.Token));
    }
}
