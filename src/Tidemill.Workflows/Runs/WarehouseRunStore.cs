using Tidemill.Core.Components;
using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Runs;

/// <summary>
/// A project's run history in the warehouse, in the tables of <see cref="WorkflowTables"/>. Times are UTC without a zone.
/// </summary>
public sealed class WarehouseRunStore(IWarehouse warehouse) : IRunStore
{
    private static readonly string[] RunColumns =
    [
        "id", "pipeline_name", "status", "trigger", "interval_start", "interval_end", "records_processed", "start_time",
        "end_time", "error_message", "project",
    ];

    private static readonly string[] AttemptColumns =
    [
        "id", "execution_id", "pipeline_name", "task_name", "attempt", "status", "records_processed", "start_time", "end_time",
        "error_code", "error_message",
    ];

    private static readonly string SaveRun = Upsert(SystemTables.PipelineExecutions, RunColumns);
    private static readonly string SaveAttempt = Upsert(SystemTables.TaskExecutions, AttemptColumns);
    private static readonly string SelectRuns = $"SELECT {SqlName.List(RunColumns)} FROM {SystemTables.PipelineExecutions}";
    private static readonly string SelectAttempts = $"SELECT {SqlName.List(AttemptColumns)} FROM {SystemTables.TaskExecutions}";

    public async Task<long> InterruptRunningAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        const string OfProject = $"execution_id IN (SELECT id FROM {SystemTables.PipelineExecutions} WHERE project = $3)";
        await InterruptAsync(SystemTables.TaskExecutions, OfProject, now, cancellationToken);
        return await InterruptAsync(SystemTables.PipelineExecutions, "project = $3", now, cancellationToken);
    }

    public Task SaveRunAsync(WorkflowRun run, CancellationToken cancellationToken) => warehouse.ExecuteAsync(
        SaveRun,
        [
            run.Id, run.Workflow, StatusName.Of(run.Status), StatusName.Of(run.Trigger), Unzoned(run.Interval.Start),
            Unzoned(run.Interval.End), run.RecordsProcessed, Unzoned(run.StartTime), Unzoned(run.EndTime), run.ErrorMessage,
            warehouse.Project,
        ],
        cancellationToken);

    public Task SaveAttemptAsync(TaskAttempt attempt, CancellationToken cancellationToken) => warehouse.ExecuteAsync(
        SaveAttempt,
        [
            attempt.Id, attempt.RunId, attempt.Workflow, attempt.Task, attempt.Attempt, StatusName.Of(attempt.Status),
            attempt.RecordsProcessed, Unzoned(attempt.StartTime), Unzoned(attempt.EndTime), attempt.ErrorCode?.ToString(),
            attempt.ErrorMessage,
        ],
        cancellationToken);

    public Task<IReadOnlyList<WorkflowRun>> ListRunsAsync(
        string? workflow, RunTrigger? trigger, int limit, CancellationToken cancellationToken)
    {
        var terms = new List<string> { "project = $1" };
        var parameters = new List<object?> { warehouse.Project };
        Add("pipeline_name", workflow);
        Add("trigger", trigger is { } by ? StatusName.Of(by) : null);
        var sql = string.Create(CultureInfo.InvariantCulture,
            $"{SelectRuns} WHERE {string.Join(" AND ", terms)} ORDER BY start_time DESC, id DESC LIMIT {limit}");
        return ReadAsync(sql, parameters, ToRun, cancellationToken);

        void Add(string column, string? value)
        {
            if (value is null)
                return;

            parameters.Add(value);
            terms.Add($"{SqlName.Quote(column)} = ${parameters.Count}");
        }
    }

    public async Task<WorkflowRun?> FindRunAsync(Guid id, CancellationToken cancellationToken)
    {
        var runs = await ReadAsync($"{SelectRuns} WHERE id = $1", [id], ToRun, cancellationToken);
        return runs.Count == 0 ? null : runs[0];
    }

    public Task<IReadOnlyList<TaskAttempt>> ListAttemptsAsync(Guid runId, CancellationToken cancellationToken) =>
        ReadAsync($"{SelectAttempts} WHERE execution_id = $1 ORDER BY start_time, id", [runId], ToAttempt, cancellationToken);

    private Task<long> InterruptAsync(string table, string condition, DateTimeOffset now, CancellationToken cancellationToken) =>
        warehouse.ExecuteAsync(
            $"UPDATE {table} SET status = 'interrupted', end_time = $1, error_message = $2 WHERE status = 'running' AND {condition}",
            [Unzoned(now), "The process ended before this did.", warehouse.Project],
            cancellationToken);

    private async Task<IReadOnlyList<T>> ReadAsync<T>(
        string sql, IReadOnlyList<object?> parameters, Func<object?[], T> read, CancellationToken cancellationToken)
    {
        await using var result = await warehouse.QueryAsync(sql, parameters, readOnly: true, cancellationToken);
        var rows = new List<T>();
        await foreach (var row in result.ReadRowsAsync(cancellationToken))
            rows.Add(read(row));
        return rows;
    }

    private static string Upsert(string table, string[] columns)
    {
        var values = string.Join(", ", Enumerable.Range(1, columns.Length).Select(i => $"${i}"));
        var changes = columns.Skip(1).Select(name => $"{SqlName.Quote(name)} = excluded.{SqlName.Quote(name)}");
        return $"INSERT INTO {table} ({SqlName.List(columns)}) VALUES ({values}) "
            + $"ON CONFLICT (id) DO UPDATE SET {string.Join(", ", changes)}";
    }

    private static WorkflowRun ToRun(object?[] row) => new()
    {
        Id = (Guid)row[0]!,
        Workflow = (string)row[1]!,
        Status = Stored.Parse<RunStatus>((string)row[2]!),
        Trigger = Stored.Parse<RunTrigger>((string)row[3]!),
        Interval = new DataInterval(Zoned(row[4])!.Value, Zoned(row[5])!.Value),
        RecordsProcessed = (long)row[6]!,
        StartTime = Zoned(row[7])!.Value,
        EndTime = Zoned(row[8]),
        ErrorMessage = (string?)row[9],
    };

    private static TaskAttempt ToAttempt(object?[] row) => new()
    {
        Id = (Guid)row[0]!,
        RunId = (Guid)row[1]!,
        Workflow = (string)row[2]!,
        Task = (string)row[3]!,
        Attempt = (int)row[4]!,
        Status = Stored.Parse<TaskState>((string)row[5]!),
        RecordsProcessed = (long)row[6]!,
        StartTime = Zoned(row[7])!.Value,
        EndTime = Zoned(row[8]),
        ErrorCode = row[9] is string code ? Stored.Parse<ErrorCode>(code) : null,
        ErrorMessage = (string?)row[10],
    };

    private static DateTime? Unzoned(DateTimeOffset? time) =>
        time is { } at ? DateTime.SpecifyKind(at.UtcDateTime, DateTimeKind.Unspecified) : null;

    private static DateTimeOffset? Zoned(object? value) =>
        value is DateTime time ? new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)) : null;
}
