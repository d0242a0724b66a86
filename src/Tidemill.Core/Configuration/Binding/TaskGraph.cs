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

        CheckCycles(byName);
    }

    /// <summary>Depth-first search; the path back to a task that is still open is a cycle, reported once.</summary>
    private static void CheckCycles(Dictionary<string, (TaskDefinition Task, Section Section)> byName)
    {
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in byName.Keys)
            Visit(name, [], done, byName);
    }

    private static void Visit(
        string name, List<string> open, HashSet<string> done, Dictionary<string, (TaskDefinition Task, Section Section)> byName)
    {
        var start = open.IndexOf(name);
        if (start >= 0)
        {
            var cycle = string.Join(" -> ", open.Skip(start).Append(name));
            byName[name].Section.Error("depends_on", $"The tasks wait for each other: {cycle}.", "Remove one of these dependencies.");
            return;
        }

        if (done.Contains(name) || !byName.TryGetValue(name, out var entry))
            return;

        open.Add(name);
        foreach (var before in entry.Task.DependsOn)
            Visit(before, open, done, byName);

        open.RemoveAt(open.Count - 1);
        done.Add(name);
    }
}
