using Tidemill.Core.Components;

namespace Tidemill.Workflows.Planning;

/// <summary>What a run of a workflow does. Tasks stand in an order in which each comes after all it depends on.</summary>
public sealed record RunPlan(string Workflow, IReadOnlyList<PlannedTask> Tasks);

/// <summary>One task of a plan.</summary>
public sealed record PlannedTask
{
    public required string Name { get; init; }

    /// <summary>0 for tasks that wait for none, else one more than the highest stage among those waited for.</summary>
    public required int Stage { get; init; }

    /// <summary>Tasks that must have succeeded first; a sequence is spelled out here.</summary>
    public required IReadOnlyList<string> DependsOn { get; init; }

    public required TaskAction Action { get; init; }

    /// <summary>The first attempt and the retries.</summary>
    public required int MaxAttempts { get; init; }

    public required TimeSpan RetryDelay { get; init; }

    public required TimeSpan? Timeout { get; init; }

    /// <summary>What it does, for people: <c>run models transactions_clean+</c>.</summary>
    public string Summary => Action.Description;

    /// <summary>Wait before the attempt after <paramref name="failed"/> (one-based): the delay, doubled each time, an hour at
    /// most.</summary>
    public TimeSpan DelayAfter(int failed)
    {
        var longest = TimeSpan.FromHours(1);
        var factor = Math.Pow(2, Math.Min(failed - 1, 30));
        return RetryDelay >= longest ? RetryDelay : RetryDelay * factor > longest ? longest : RetryDelay * factor;
    }
}
