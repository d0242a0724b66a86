namespace Tidemill.Core.Configuration;

/// <summary>Names that depend on each other.</summary>
/// <param name="Names">Each after those it depends on, as far as cycles allow.</param>
/// <param name="Cycles">What depends on itself: each cycle as the names on it, the first one repeated at the end.</param>
public sealed record DependencyOrder(IReadOnlyList<string> Names, IReadOnlyList<IReadOnlyList<string>> Cycles)
{
    /// <summary>A walk in depth with its own stack, so that a chain of any length fits.</summary>
    /// <param name="dependencies">What each name depends on; names that are no keys are left out.</param>
    public static DependencyOrder Of(IReadOnlyDictionary<string, IReadOnlyList<string>> dependencies)
    {
        ArgumentNullException.ThrowIfNull(dependencies);
        var (ordered, cycles, seen) = (new List<string>(), new List<IReadOnlyList<string>>(), new HashSet<string>(StringComparer.Ordinal));
        var path = new List<(string Name, int Next)>();
        var open = new HashSet<string>(StringComparer.Ordinal);
        foreach (var root in dependencies.Keys)
        {
            Enter(root);
            while (path.Count > 0)
            {
                var (name, next) = path[^1];
                if (next == dependencies[name].Count)
                {
                    ordered.Add(name);
                    open.Remove(name);
                    path.RemoveAt(path.Count - 1);
                    continue;
                }

                path[^1] = (name, next + 1);
                var before = dependencies[name][next];
                if (open.Contains(before))
                    cycles.Add([.. path.SkipWhile(step => step.Name != before).Select(step => step.Name), before]);
                else if (dependencies.ContainsKey(before))
                    Enter(before);
            }
        }

        return new DependencyOrder(ordered, cycles);

        void Enter(string name)
        {
            if (!seen.Add(name))
                return;

            open.Add(name);
            path.Add((name, 0));
        }
    }
}
