using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Workflows.Planning;

/// <summary>Finds everything that keeps a workflow from being planned and scheduled.</summary>
public static class WorkflowValidator
{
    /// <summary>Timers take 49 days at most.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    public static IReadOnlyList<ConfigError> Validate(WorkflowDefinition workflow)
    {
        ArgumentNullException.ThrowIfNull(workflow);
        var errors = new List<ConfigError>();
        CheckSchedule(workflow, errors);
        if (workflow.Tasks.Count == 0)
            errors.Add(new("tasks", "A workflow needs a task.", "Add one.", workflow.File, 0));

        var tasks = CheckTasks(workflow, errors);
        if (errors.Count == 0 && DependencyOrder.Of(WorkflowPlanner.Dependencies(workflow)).Cycles is [var cycle, ..])
        {
            errors.Add(new(
                $"tasks.{cycle[0]}.depends_on", $"The tasks wait for each other: {string.Join(" -> ", cycle)}.",
                "Remove one of these dependencies.", workflow.File, tasks[cycle[0]].Line));
        }

        return errors;
    }

    private static void CheckSchedule(WorkflowDefinition workflow, List<ConfigError> errors)
    {
        if (workflow.Schedule is { } cron && !CronExpression.TryParse(cron, out _, out var problem))
        {
            errors.Add(new(
                "schedule", $"\"{cron}\" is no schedule: {problem}.",
                "Write five fields such as \"0 * * * *\", or @hourly, @daily, @weekly, @monthly, @yearly.", workflow.File, 0));
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(workflow.TimeZone, out _))
        {
            errors.Add(new(
                "timezone", $"\"{workflow.TimeZone}\" is no time zone of this system.",
                "Write an IANA name such as UTC or Europe/Berlin.", workflow.File, 0));
        }
    }

    private static Dictionary<string, TaskDefinition> CheckTasks(WorkflowDefinition workflow, List<ConfigError> errors)
    {
        var tasks = new Dictionary<string, TaskDefinition>();
        foreach (var task in workflow.Tasks)
        {
            if (!tasks.TryAdd(task.Name, task))
                Report(task, "name", "Two tasks have this name.", "Rename one.");

            if (task.Retries < 0)
                Report(task, "retries", "Retries cannot be negative.", "Write 0 or more.");

            if (task.RetryDelay < TimeSpan.Zero || task.RetryDelay > LongestWait)
                Report(task, "retry_delay", "The delay must lie between 0 and 30 days.", "Write a duration such as 5s.");

            if (task.Timeout <= TimeSpan.Zero || task.Timeout > LongestWait)
                Report(task, "timeout", "The timeout must be positive, and 30 days at most.", "Write a duration such as 10m.");
        }

        foreach (var task in workflow.Tasks)
        {
            foreach (var missing in task.DependsOn.Where(name => !tasks.ContainsKey(name)))
                Report(task, "depends_on", $"There is no task {missing}.", $"Name one of {string.Join(", ", tasks.Keys)}.");
        }

        return tasks;

        void Report(TaskDefinition task, string key, string problem, string fix) =>
            errors.Add(new($"tasks.{task.Name}.{key}", problem, fix, workflow.File, task.Line));
    }
}
