using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Models.Graph;

/// <summary>A project's compiled models and what they read of each other, without cycles.</summary>
public sealed class ModelGraph
{
    private readonly Dictionary<string, CompiledModel> _byName;

    private ModelGraph(IReadOnlyList<CompiledModel> ordered)
    {
        Models = ordered;
        _byName = ordered.ToDictionary(model => model.Name, StringComparer.Ordinal);
    }

    /// <summary>Every model behind all that it reads; otherwise by name, so that the order is always the same.</summary>
    public IReadOnlyList<CompiledModel> Models { get; }

    /// <summary>
    /// The selected models in order. A selector is a name, <c>+name</c> with all that it reads, <c>name+</c> with all that
    /// reads it, or both; no selector selects every model.
    /// </summary>
    /// <exception cref="TidemillException">NotFound: no model has the name.</exception>
    public IReadOnlyList<CompiledModel> Select(IReadOnlyList<string> selectors)
    {
        ArgumentNullException.ThrowIfNull(selectors);
        if (selectors.Count == 0)
            return Models;
        var selected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var selector in selectors)
        {
            var name = selector.Trim('+');
            if (!_byName.ContainsKey(name))
                throw new TidemillException(ErrorCode.NotFound, $"There is no model {name}.{Hint(name)}");
            selected.Add(name);
            if (selector.StartsWith('+'))
                AddBefore(name, selected);
            if (selector.EndsWith('+'))
                AddAfter(name, selected);
        }

        return [.. Models.Where(model => selected.Contains(model.Name))];
    }

    /// <summary>Orders the models; null after noting the cycles.</summary>
    internal static ModelGraph? Create(IReadOnlyList<CompiledModel> models, List<ConfigError> errors)
    {
        var byName = models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        var ordered = new List<CompiledModel>();
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (var model in models.OrderBy(model => model.Name, StringComparer.Ordinal))
            Visit(model, byName, done, ordered, errors);
        return errors.Count == 0 ? new ModelGraph(ordered) : null;
    }

    /// <summary>A walk in depth with its own stack, so that a chain of any length fits.</summary>
    private static void Visit(
        CompiledModel root, Dictionary<string, CompiledModel> byName, HashSet<string> done,
        List<CompiledModel> ordered, List<ConfigError> errors)
    {
        var path = new Stack<(CompiledModel Model, int Next)>();
        var open = new HashSet<string>(StringComparer.Ordinal);
        Push(root);
        while (path.TryPop(out var top))
        {
            if (top.Next == top.Model.DependsOn.Count)
            {
                open.Remove(top.Model.Name);
                if (done.Add(top.Model.Name))
                    ordered.Add(top.Model);
                continue;
            }

            path.Push((top.Model, top.Next + 1));
            var name = top.Model.DependsOn[top.Next];
            if (open.Contains(name))
                errors.Add(Cycle([.. path.Reverse().Select(step => step.Model)], name));
            else if (!done.Contains(name) && byName.TryGetValue(name, out var next))
                Push(next);
        }

        void Push(CompiledModel model)
        {
            if (done.Contains(model.Name))
                return;
            open.Add(model.Name);
            path.Push((model, 0));
        }
    }

    private static ConfigError Cycle(IReadOnlyList<CompiledModel> path, string name)
    {
        var circle = path.SkipWhile(model => model.Name != name).Select(model => model.Name).Append(name);
        return new ConfigError(
            "", $"The models read each other in a circle: {string.Join(" -> ", circle)}.", "Take one of the references out.",
            path[^1].Path, 1);
    }

    private void AddBefore(string name, HashSet<string> selected)
    {
        var before = new HashSet<string>(StringComparer.Ordinal) { name };
        foreach (var model in Models.Reverse().Where(model => before.Contains(model.Name)))
            before.UnionWith(model.DependsOn);
        selected.UnionWith(before);
    }

    private void AddAfter(string name, HashSet<string> selected)
    {
        var after = new HashSet<string>(StringComparer.Ordinal) { name };
        foreach (var model in Models)
        {
            if (model.DependsOn.Any(after.Contains))
                after.Add(model.Name);
        }

        selected.UnionWith(after);
    }

    private string Hint(string name) => Suggestion.For(name, _byName.Keys) is { } near ? $" Did you mean {near}?" : "";
}
