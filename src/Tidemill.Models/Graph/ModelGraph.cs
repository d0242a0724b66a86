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
        var byName = models.OrderBy(model => model.Name, StringComparer.Ordinal).ToDictionary(model => model.Name, StringComparer.Ordinal);
        var order = DependencyOrder.Of(byName.ToDictionary(pair => pair.Key, pair => pair.Value.DependsOn, StringComparer.Ordinal));
        errors.AddRange(order.Cycles.Select(cycle => new ConfigError(
            "", $"The models read each other in a circle: {string.Join(" -> ", cycle)}.", "Take one of the references out.",
            byName[cycle[^2]].Path, 1)));
        return errors.Count == 0 ? new ModelGraph([.. order.Names.Select(name => byName[name])]) : null;
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
