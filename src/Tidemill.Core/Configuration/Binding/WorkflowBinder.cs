using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns one workflows/*.yaml into its record and checks its graph.</summary>
internal static class WorkflowBinder
{
    public static WorkflowDefinition Bind(Section root, string defaultName)
    {
        var tasks = new List<(TaskDefinition Task, Section Section)>();
        var items = root.Items("tasks");
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i] is not MappingNode node)
                continue;

            var section = new Section(node, root.Context.Kinds.Files.Workflow.Task, $"tasks[{i}]", root.Context);
            tasks.Add((BindTask(section), section));
        }

        TaskGraph.Check(tasks);
        return new WorkflowDefinition
        {
            Name = root.Text("name") ?? defaultName,
            File = root.Context.Report.File,
            Schedule = BindSchedule(root),
            TimeZone = root.Text("timezone") ?? "UTC",
            Tasks = [.. tasks.Select(t => t.Task)],
        };
    }

    private static string? BindSchedule(Section root)
    {
        var schedule = root.Text("schedule");
        foreach (var entry in root.Entries("targets"))
        {
            var path = $"targets.{entry.Key}";
            if (root.Context.TargetNames is { } names && !names.Contains(entry.Key))
                root.Error(path, entry.KeyLine, $"There is no target '{entry.Key}'.", Suggestion.Fix(entry.Key, names, "targets"));

            if (entry.Value is not MappingNode node)
                continue;

            var own = new Section(node, WorkflowShapes.TargetOverride, path, root.Context).Text("schedule");
            if (entry.Key == root.Context.Target && node.Find("schedule") is not null)
                schedule = own;
        }

        return schedule;
    }

    private static TaskDefinition BindTask(Section task)
    {
        var defaults = new TaskDefinition { Name = task.Text("name") ?? "", Line = task.Node.Line, Action = BindAction(task) };
        return defaults with
        {
            DependsOn = [.. task.Texts("depends_on").Select(t => t.Text)],
            Retries = task.Integer("retries", defaults.Retries),
            RetryDelay = task.Duration("retry_delay") ?? defaults.RetryDelay,
            Timeout = task.Duration("timeout"),
        };
    }

    private static TaskAction BindAction(Section task)
    {
        var kinds = task.Context.Kinds.Tasks;
        var actions = kinds.Where(kind => task.Has(kind.Key)).Select(kind => kind.Bind(task)).ToList();
        if (actions.Count != 1)
        {
            task.Error(
                "", task.Node.Line, actions.Count == 0 ? "The task does nothing." : "The task does more than one thing.",
                $"Write exactly one of: {string.Join(", ", kinds.Select(kind => kind.Key))}.");
        }

        return actions.FirstOrDefault() ?? new NoAction();
    }

    /// <summary>What stands for the action of a task that has an error.</summary>
    private sealed record NoAction() : TaskAction(default(ITaskKind)!);
}
