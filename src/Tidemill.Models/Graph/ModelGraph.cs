using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Models.Selection;

namespace Tidemill.Models.Graph;

/// <summary>A project's compiled models and what they read of each other, without cycles.</summary>
public sealed class ModelGraph
{
    private ModelGraph(IReadOnlyList<CompiledModel> ordered) => Models = ordered;

    /// <summary>Every model behind all that it reads; otherwise by name, so that the order is always the same.</summary>
    public IReadOnlyList<CompiledModel> Models { get; }

    /// <summary>The selected models in order, by dbt's selectors: spaces unite, commas intersect. None selects every model.</summary>
    /// <exception cref="TidemillException">InvalidRequest: a selector is malformed. NotFound: one selects nothing.</exception>
    public IReadOnlyList<CompiledModel> Select(IReadOnlyList<string> selectors)
    {
        ArgumentNullException.ThrowIfNull(selectors);
        if (selectors.Count == 0)
            return Models;
        var selected = new NodeSelector(Models).Select(selectors);
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
}
