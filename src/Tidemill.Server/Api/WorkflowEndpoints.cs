using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Server.Hosting;
using Tidemill.Workflows.Runs;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Server.Api;

/// <summary>Workflows and their runs.</summary>
internal static class WorkflowEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/workflows", (ProjectRuntime runtime) =>
            TypedResults.Ok<IReadOnlyList<WorkflowAnswer>>([.. runtime.WorkflowStatus().Select(WorkflowAnswer.Of)]))
            .WithSummary("Workflows with their tasks, next fire time and last run.");
        api.MapPost("/workflows/{name}/runs", StartAsync).WithSummary("Starts a run; with wait=true the answer comes when it has ended.");
        api.MapGet("/runs", ListAsync).WithSummary("Runs, newest first.");
        api.MapGet("/runs/{id:guid}", async (Guid id, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(await FindRunAsync(runtime, id, cancellationToken))).WithSummary("One run with its task attempts.");
        api.MapPost("/runs/{id:guid}/cancel", Results<NoContent, NotFound> (Guid id, ProjectRuntime runtime) =>
            runtime.Engine.Workflows.Cancel(id) ? TypedResults.NoContent() : TypedResults.NotFound())
            .WithSummary("Tells a run to stop; 404 when no such run goes on.");
    }

    /// <summary>The run with its tasks: those of the history, and the live ones while it goes on.</summary>
    public static async Task<RunAnswer> FindRunAsync(ProjectRuntime runtime, Guid id, CancellationToken cancellationToken)
    {
        if (runtime.WorkflowStatus().FirstOrDefault(w => w.Active?.Run.Id == id)?.Active is { } active)
            return RunAnswer.Of(active.Run) with { Tasks = [.. active.Tasks.Select(TaskAnswer.Of)] };

        var run = await runtime.Runs.FindRunAsync(id, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"There is no run {id}.");
        return RunAnswer.Of(run) with
        {
            Tasks = [.. (await runtime.Runs.ListAttemptsAsync(id, cancellationToken)).Select(TaskAnswer.Of)],
        };
    }

    private static async Task<Ok<RunAnswer>> StartAsync(
        string name, bool? wait, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var scheduler = runtime.Engine.Workflows;
        var run = await scheduler.TriggerAsync(name, cancellationToken);
        if (wait != true)
            return TypedResults.Ok(RunAnswer.Of(run));

        await scheduler.WaitAsync(run.Id, cancellationToken);
        return TypedResults.Ok(await FindRunAsync(runtime, run.Id, cancellationToken));
    }

    private static async Task<Ok<IReadOnlyList<RunAnswer>>> ListAsync(
        string? workflow, int? limit, ProjectRuntime runtime, CancellationToken cancellationToken) =>
        TypedResults.Ok<IReadOnlyList<RunAnswer>>(
            [.. (await runtime.ListRunsAsync(workflow, RequestLimits.Page(limit), cancellationToken)).Select(RunAnswer.Of)]);
}

/// <summary>A workflow as it stands.</summary>
public sealed record WorkflowAnswer
{
    public required string Name { get; init; }

    public required string File { get; init; }

    public required string? Schedule { get; init; }

    public required string TimeZone { get; init; }

    public required DateTimeOffset? NextFire { get; init; }

    public required IReadOnlyList<WorkflowTaskAnswer> Tasks { get; init; }

    /// <summary>The run that goes on, else null.</summary>
    public required RunAnswer? Active { get; init; }

    public required RunAnswer? LastRun { get; init; }

    internal static WorkflowAnswer Of(WorkflowStatus status) => new()
    {
        Name = status.Name,
        File = status.File,
        Schedule = status.Schedule,
        TimeZone = status.TimeZone,
        NextFire = status.NextFire,
        Tasks = [.. status.Plan.Tasks.Select(t => new WorkflowTaskAnswer(t.Name, t.Summary, t.DependsOn))],
        Active = status.Active is { } active ? RunAnswer.Of(active.Run) with { Tasks = [.. active.Tasks.Select(TaskAnswer.Of)] } : null,
        LastRun = status.LastRun is { } last ? RunAnswer.Of(last) : null,
    };
}

public sealed record WorkflowTaskAnswer(string Name, string Summary, IReadOnlyList<string> DependsOn);

/// <summary>A run. Times are UTC.</summary>
public sealed record RunAnswer
{
    public required Guid Id { get; init; }

    public required string Workflow { get; init; }

    public required Stored<RunStatus> Status { get; init; }

    public required Stored<RunTrigger> Trigger { get; init; }

    public required DateTimeOffset IntervalStart { get; init; }

    public required DateTimeOffset IntervalEnd { get; init; }

    public required long RecordsProcessed { get; init; }

    public required DateTimeOffset StartTime { get; init; }

    public required DateTimeOffset? EndTime { get; init; }

    public required string? ErrorMessage { get; init; }

    /// <summary>Only where one run is asked for.</summary>
    public IReadOnlyList<TaskAnswer>? Tasks { get; init; }

    internal static RunAnswer Of(WorkflowRun run) => new()
    {
        Id = run.Id,
        Workflow = run.Workflow,
        Status = run.Status,
        Trigger = run.Trigger,
        IntervalStart = run.Interval.Start,
        IntervalEnd = run.Interval.End,
        RecordsProcessed = run.RecordsProcessed,
        StartTime = run.StartTime,
        EndTime = run.EndTime,
        ErrorMessage = run.ErrorMessage,
    };
}

/// <summary>One attempt at a task.</summary>
public sealed record TaskAnswer(
    string Task, int Attempt, Stored<TaskState> Status, long RecordsProcessed, DateTimeOffset? StartTime, DateTimeOffset? EndTime,
    string? ErrorMessage)
{
    internal static TaskAnswer Of(TaskSnapshot task) => new(
        task.Name, task.Attempt, task.State, task.RecordsProcessed, task.StartTime, task.EndTime, task.ErrorMessage);

    internal static TaskAnswer Of(TaskAttempt attempt) => new(
        attempt.Task, attempt.Attempt, attempt.Status, attempt.RecordsProcessed, attempt.StartTime, attempt.EndTime, attempt.ErrorMessage);
}
