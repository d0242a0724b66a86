using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Workflows.Planning;

/// <summary>Orders the tasks of a workflow by what they depend on.</summary>
public static class WorkflowPlanner
{
    /// <summary>The plan; ConfigurationInvalid with every error when there is none.</summary>
    public static RunPlan Plan(WorkflowDefinition workflow)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        var errors = WorkflowValidator.Validate(workflow);
        if (errors.Count > 0)
            throw TidemillException.Configuration(errors);

        var dependencies = Dependencies(workflow);
        var stages = new Dictionary<string, int>();
        var tasks = workflow.Tasks
            .Select(task => Planned(task, dependencies[task.Name], StageOf(task.Name, dependencies, stages)))
            .OrderBy(task => task.Stage);
        return new RunPlan(workflow.Name, [.. tasks]);
    }

    /// <summary>Without depends_on anywhere each task waits for the one before it.</summary>
    internal static Dictionary<string, IReadOnlyList<string>> Dependencies(WorkflowDefinition workflow)
    {
        var declared = workflow.Tasks.Any(task => task.DependsOn.Count > 0);
        var dependencies = new Dictionary<string, IReadOnlyList<string>>();
        string? previous = null;
        foreach (var task in workflow.Tasks)
        {
            dependencies[task.Name] = declared ? [.. task.DependsOn.Distinct()] : previous is null ? [] : [previous];
            previous = task.Name;
        }

        return dependencies;
    }

    private static PlannedTask Planned(TaskDefinition task, IReadOnlyList<string> dependsOn, int stage) => new()
    {
        Name = task.Name,
        Stage = stage,
        DependsOn = dependsOn,
        Action = task.Action,
        MaxAttempts = task.Retries + 1,
        RetryDelay = task.RetryDelay,
        Timeout = task.Timeout,
    };

    private static int StageOf(
        string task, Dictionary<string, IReadOnlyList<string>> dependencies, Dictionary<string, int> stages)
    {
        if (stages.TryGetValue(task, out var stage))
            return stage;

        stage = dependencies[task].Select(before => StageOf(before, dependencies, stages) + 1).DefaultIfEmpty(0).Max();
        stages[task] = stage;
        return stage;
    }
}
