using Tidemill.Core.Components;
using Tidemill.Workflows.Planning;
using Tidemill.Workflows.Runs;

namespace Tidemill.Workflows.Scheduling;

/// <summary>A workflow as it stands, for console and API.</summary>
public sealed record WorkflowStatus
{
    public required string Name { get; init; }

    /// <summary>Path of its file, relative to the project folder.</summary>
    public required string File { get; init; }

    /// <summary>As written; null when it is run by hand only.</summary>
    public required string? Schedule { get; init; }

    public required string TimeZone { get; init; }

    public required RunPlan Plan { get; init; }

    /// <summary>When the schedule fires next; null without a schedule and while schedules are off.</summary>
    public required DateTimeOffset? NextFire { get; init; }

    /// <summary>The run that goes on, with its tasks.</summary>
    public required RunSnapshot? Active { get; init; }

    /// <summary>The interval that runs as soon as the active run ends.</summary>
    public required DataInterval? Queued { get; init; }

    /// <summary>The run that ended last, of this process or a former one.</summary>
    public required WorkflowRun? LastRun { get; init; }
}

/// <summary>What the scheduler does by itself.</summary>
public sealed record WorkflowSchedulerOptions
{
    /// <summary>False: schedules do not fire; runs by hand still work. Default true.</summary>
    public bool SchedulesEnabled { get; init; } = true;

    /// <summary>
    /// True: runs that the history shows as running belonged to a process that is gone, and are set interrupted at the
    /// start. False in a process beside the one that runs the workflows. Default true.
    /// </summary>
    public bool OwnsHistory { get; init; } = true;
}
