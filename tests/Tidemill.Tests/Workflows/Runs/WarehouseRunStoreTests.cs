using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Tests.Time;
using Tidemill.Workflows.Planning;
using Tidemill.Workflows.Runs;
using Tidemill.Workflows.Tasks.Sql;
using static Tidemill.Tests.Workflows.Definitions;

namespace Tidemill.Tests.Workflows.Runs;

public sealed class WarehouseRunStoreTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 10, 0, 0, TimeSpan.Zero);

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-runs-").FullName;
    private DuckDbWarehouse _warehouse = null!;
    private WarehouseRunStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _warehouse = await DuckDbWarehouse.OpenAsync(Path.Combine(_folder, "warehouse.duckdb"), new WarehouseConnection(), default);
        await _warehouse.MigrateAsync(WorkflowTables.Set, default);
        _store = new WarehouseRunStore(_warehouse);
    }

    public async ValueTask DisposeAsync()
    {
        await _warehouse.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Runs_and_attempts_read_back_as_saved()
    {
        var run = Run("w", 0) with
        {
            Status = RunStatus.Failed,
            RecordsProcessed = 5,
            EndTime = Start.AddSeconds(3),
            ErrorMessage = "Task a: no.",
        };
        await _store.SaveRunAsync(run with { Status = RunStatus.Running, EndTime = null }, default);
        await _store.SaveRunAsync(run, default);
        var attempts = Enumerable.Range(1, 3).Select(n => Attempt(run, n) with
        {
            Status = n < 3
            ? TaskState.Failed
            : TaskState.UpstreamFailed,
            ErrorCode = n < 3
            ? ErrorCode.SqlInvalid
            : null
        }).ToList();
        foreach (var attempt in attempts)
            await _store.SaveAttemptAsync(attempt, default);

        Assert.Equal(run, await _store.FindRunAsync(run.Id, default));
        Assert.Null(await _store.FindRunAsync(Guid.NewGuid(), default));
        Assert.Equal(attempts, await _store.ListAttemptsAsync(run.Id, default));
    }

    [Fact]
    public async Task Runs_are_listed_latest_first_by_workflow_and_trigger()
    {
        var runs = new[] { Run("w", 0), Run("other", 1), Run("w", 2) with { Trigger = RunTrigger.Manual }, Run("w", 3) };
        foreach (var run in runs)
            await _store.SaveRunAsync(run, default);

        Assert.Equal([runs[3], runs[2]], await _store.ListRunsAsync(null, null, 2, default));
        Assert.Equal([runs[3], runs[2], runs[0]], await _store.ListRunsAsync("w", null, 10, default));
        Assert.Equal([runs[3], runs[0]], await _store.ListRunsAsync("w", RunTrigger.Schedule, 10, default));
    }

    [Fact]
    public async Task What_a_killed_process_left_running_is_marked_interrupted()
    {
        var (open, closed) = (Run("w", 0), Run("w", 1) with { Status = RunStatus.Success, EndTime = Start.AddMinutes(2) });
        await _store.SaveRunAsync(open, default);
        await _store.SaveRunAsync(closed, default);
        await _store.SaveAttemptAsync(Attempt(open, 1), default);
        Assert.Equal(1, await _store.InterruptRunningAsync(Start.AddHours(1), default));
        var found = await _store.FindRunAsync(open.Id, default);
        Assert.Equal((RunStatus.Interrupted, (DateTimeOffset?)Start.AddHours(1)), (found!.Status, found.EndTime));
        Assert.Equal(closed, await _store.FindRunAsync(closed.Id, default));
        Assert.Equal(TaskState.Interrupted, Assert.Single(await _store.ListAttemptsAsync(open.Id, default)).Status);
        Assert.Equal(0, await _store.InterruptRunningAsync(Start.AddHours(2), default));
    }

    [Fact]
    public async Task A_workflow_of_sql_tasks_runs_on_the_warehouse_side_by_side()
    {
        using var runner = new WorkflowRunner(_store, new OpenStores().With<IWarehouse>(_warehouse), new ManualTimeProvider(Start));
        var plan = WorkflowPlanner.Plan(Workflow(
            Sql("create", [], "CREATE TABLE t (n INTEGER)", "INSERT INTO t SELECT range FROM range(10)"),
            Sql("left", ["create"], "CREATE TABLE l AS SELECT * FROM t"),
            Sql("right", ["create"], "DELETE FROM t WHERE n < 4"),
            Sql("broken", ["create"], "INSERT INTO t VALUES (99)", "SELECT nothing FROM nowhere"),
            Sql("after", ["broken"], "DROP TABLE t")));
        var run = await runner.RunAsync(
            plan, runner.NewRun(plan, new RunRequest(RunTrigger.Manual, new DataInterval(Start, Start))), default, default);
        Assert.Equal(RunStatus.Failed, run.Status);
        Assert.StartsWith("Task broken: SqlInvalid: workflows/w.yaml:3: ", run.ErrorMessage, StringComparison.Ordinal);
        Assert.Equal(run, await _store.FindRunAsync(run.Id, default));
        var attempts = (await _store.ListAttemptsAsync(run.Id, default)).ToDictionary(attempt => attempt.Task);
        Assert.Equal(
            [TaskState.Success, TaskState.Success, TaskState.Success, TaskState.Failed, TaskState.UpstreamFailed],
            plan.Tasks.Select(task => attempts[task.Name].Status));
        Assert.Equal(4, attempts["right"].RecordsProcessed);
        Assert.Equal(ErrorCode.SqlInvalid, attempts["broken"].ErrorCode);
        Assert.Equal(6L, await ScalarAsync("SELECT count(*) FROM t"));
    }

    private static TaskDefinition Sql(string name, string[] dependsOn, params string[] statements) => NewTask(name, dependsOn) with
    {
        Action = new SqlAction([.. statements.Select(text => new SqlText(text, "workflows/w.yaml", 3))]),
    };

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var result = await _warehouse.QueryAsync(sql, [], readOnly: true, default);
        await foreach (var row in result.ReadRowsAsync(default))
            return row[0];

        return null;
    }

    private static WorkflowRun Run(string workflow, int minute) => new()
    {
        Id = Guid.CreateVersion7(Start.AddMinutes(minute)),
        Workflow = workflow,
        Trigger = RunTrigger.Schedule,
        Interval = new DataInterval(Start.AddHours(-1), Start),
        StartTime = Start.AddMinutes(minute),
    };

    private static TaskAttempt Attempt(WorkflowRun run, int number) => new()
    {
        Id = Guid.CreateVersion7(Start),
        RunId = run.Id,
        Workflow = run.Workflow,
        Task = "a",
        Attempt = number,
        StartTime = Start.AddSeconds(number),
    };
}
