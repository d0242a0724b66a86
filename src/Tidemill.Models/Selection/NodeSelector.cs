using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Models.Graph;
using Tidemill.Models.Project;

namespace Tidemill.Models.Selection;

/// <summary>
/// Picks models by dbt's selectors. Spaces unite, commas intersect. A part that selects no model is an error, where dbt warns: whoever
/// names models wants them built.
/// </summary>
internal sealed class NodeSelector
{
    private readonly List<SelectionNode> _nodes = [];

    public NodeSelector(IReadOnlyList<CompiledModel> models)
    {
        var byName = new Dictionary<string, SelectionNode>(StringComparer.Ordinal);
        var sources = new Dictionary<SourceTable, SelectionNode>();
        // Every model stands behind all that it reads, so its parents are there.
        foreach (var model in models)
        {
            var node = new SelectionNode(model.Fqn[0], model.Name, model.Path) { Model = model };
            byName.Add(model.Name, node);
            _nodes.Add(node);
            foreach (var name in model.DependsOn)
                Connect(byName[name], node);
            foreach (var source in model.Sources)
                Connect(SourceNode(source, node.Package), node);
        }

        SelectionNode SourceNode(SourceTable source, string package)
        {
            if (sources.TryGetValue(source, out var known))
                return known;
            var node = new SelectionNode(package, source.Name, source.File) { Source = source };
            sources.Add(source, node);
            _nodes.Add(node);
            return node;
        }
    }

    /// <summary>The names of the models selected.</summary>
    /// <exception cref="TidemillException">InvalidRequest: a selector is malformed or of a kind not known. NotFound: one selects
    /// nothing.</exception>
    public HashSet<string> Select(IEnumerable<string> selectors)
    {
        var selected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var part in selectors.SelectMany(text => text.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            var criteria = part.Split(',').Select(Criterion.Parse).ToList();
            var nodes = criteria.Select(Pick).Aggregate((left, right) => { left.IntersectWith(right); return left; });
            var models = nodes.Where(node => node.Model is not null).Select(node => node.Name).ToList();
            if (models.Count == 0)
                throw new TidemillException(ErrorCode.NotFound, Nothing(part, criteria));
            selected.UnionWith(models);
        }

        return selected;
    }

    private HashSet<SelectionNode> Pick(Criterion criterion)
    {
        var matches = SelectorMethods.For(criterion);
        var picked = _nodes.Where(matches).ToHashSet();
        var all = picked.ToHashSet();
        if (criterion.WithParentsOfChildren)
        {
            all.UnionWith(Walk(picked, node => node.Children, int.MaxValue));
            all.UnionWith(Walk(all, node => node.Parents, int.MaxValue));
        }

        all.UnionWith(Walk(picked, node => node.Parents, criterion.Parents));
        all.UnionWith(Walk(picked, node => node.Children, criterion.Children));
        return all;
    }

    private static HashSet<SelectionNode> Walk(
        IEnumerable<SelectionNode> from, Func<SelectionNode, List<SelectionNode>> next, int steps)
    {
        var reached = new HashSet<SelectionNode>();
        var edge = from.ToList();
        for (; steps > 0 && edge.Count > 0; steps--)
            edge = [.. edge.SelectMany(next).Where(reached.Add)];
        return reached;
    }

    private string Nothing(string part, List<Criterion> criteria)
    {
        if (criteria is not [{ Method: "fqn" } one] || Wildcard.IsPattern(one.Value))
            return $"'{part}' selects no model.";
        var near = Suggestion.For(one.Value, _nodes.Where(node => node.Model is not null).Select(node => node.Name));
        return $"There is no model {one.Value}.{(near is null ? "" : $" Did you mean {near}?")}";
    }

    private static void Connect(SelectionNode parent, SelectionNode child)
    {
        parent.Children.Add(child);
        child.Parents.Add(parent);
    }
}
