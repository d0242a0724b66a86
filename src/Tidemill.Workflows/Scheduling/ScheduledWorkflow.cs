using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Workflows.Planning;
using Tidemill.Workflows.Runs;

namespace Tidemill.Workflows.Scheduling;

/// <summary>A workflow and what the scheduler knows of it. Guarded by the scheduler's lock.</summary>
internal sealed class ScheduledWorkflow(WorkflowDefinition definition)
{
    public WorkflowDefinition Definition { get; } = definition;

    public RunPlan Plan { get; } = WorkflowPlanner.Plan(definition);

    public Schedule? Schedule { get; } =
        definition.Schedule is { } cron ? Scheduling.Schedule.Parse(cron, definition.TimeZone) : null;

    public DateTimeOffset? NextFire { get; set; }

    public DataInterval? Queued { get; set; }

    public ActiveRun? Active { get; set; }

    public WorkflowRun? LastRun { get; set; }

    public WorkflowStatus ToStatus() => new()
    {
        Name = Definition.Name,
        File = Definition.File,
        Schedule = Definition.Schedule,
        TimeZone = Definition.TimeZone,
        Plan = Plan,
        NextFire = NextFire,
        Active = Active?.ToSnapshot(Plan),
        Queued = Queued,
        LastRun = LastRun,
    };
}

/// <summary>A run that goes on. Guarded by the scheduler's lock, apart from <see cref="Cancellation"/> and <see cref="Ended"/>.</summary>
internal sealed class ActiveRun(WorkflowRun run)
{
    private readonly Dictionary<string, TaskSnapshot> _tasks = [];

    public WorkflowRun Run { get; } = run;

    public CancellationTokenSource Cancellation { get; } = new();

    /// <summary>Completes with the run as it ended.</summary>
    public TaskCompletionSource<WorkflowRun> Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Take(TaskSnapshot task) => _tasks[task.Name] = task;

    public RunSnapshot ToSnapshot(RunPlan plan) => new(
        Run with { RecordsProcessed = _tasks.Values.Sum(task => task.RecordsProcessed) },
        [.. plan.Tasks.Select(task => _tasks.GetValueOrDefault(task.Name)
            ?? new TaskSnapshot(task.Name, TaskState.Waiting) { MaxAttempts = task.MaxAttempts })]);
}
