namespace Tidemill.Core.Configuration.Binding;

/// <summary>Checks the names and dependencies of a workflow's tasks.</summary>
internal static class TaskGraph
{
    public static void Check(IReadOnlyList<(TaskDefinition Task, Section Section)> tasks)
    {
        var byName = new Dictionary<string, (TaskDefinition Task, Section Section)>(StringComparer.Ordinal);
        foreach (var entry in tasks.Where(t => t.Task.Name.Length > 0))
        {
            if (!byName.TryAdd(entry.Task.Name, entry))
            {
                entry.Section.Error(
                    "name", $"Two tasks are named '{entry.Task.Name}'; the other is on line {byName[entry.Task.Name].Task.Line}.",
                    "Rename one of the two.");
            }
        }

        foreach (var (_, section) in tasks)
        {
            foreach (var node in section.Texts("depends_on").Where(n => !byName.ContainsKey(n.Text)))
                section.Error("depends_on", node.Line, $"There is no task '{node.Text}'.", Suggestion.Fix(node.Text, byName.Keys, "tasks"));
        }

        var dependencies = byName.ToDictionary(entry => entry.Key, entry => entry.Value.Task.DependsOn, StringComparer.Ordinal);
        foreach (var cycle in DependencyOrder.Of(dependencies).Cycles)
        {
            byName[cycle[0]].Section.Error(
                "depends_on", $"The tasks wait for each other: {string.Join(" -> ", cycle)}.", "Remove one of these dependencies.");
        }
    }
}
