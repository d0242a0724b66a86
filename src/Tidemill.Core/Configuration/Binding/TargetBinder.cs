using Tidemill.Core.Components;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns a target into its record: connections first, then the slots, which may name them.</summary>
internal sealed class TargetBinder(ComponentKinds kinds)
{
    private readonly ProjectShapes _shapes = kinds.Files.Project;

    public TargetDefinition Bind(string name, Section target)
    {
        var connections = BindConnections(target);
        var (warehouse, keys) = BindSlot(target, _shapes.Warehouse, connections, new WarehouseConnection());
        return new TargetDefinition
        {
            Name = name,
            Log = BindSlot(target, _shapes.Log, connections, new LogConnection()).Connection,
            Warehouse = warehouse with
            {
                MemoryLimit = keys.Size("memory_limit") ?? warehouse.MemoryLimit,
                Threads = keys.Integer("threads", warehouse.Threads),
                Files = [.. keys.Texts("files").Select(folder => folder.Text)],
            },
            Search = BindSlot(target, _shapes.Search, connections, new SearchConnection()).Connection,
            Documents = BindSlot(target, _shapes.Documents, connections, new DocumentsConnection()).Connection,
            Connections = connections.ToDictionary(c => c.Key, c => c.Value.Connection, StringComparer.Ordinal),
        };
    }

    private Dictionary<string, Named> BindConnections(Section target)
    {
        var connections = new Dictionary<string, Named>(StringComparer.Ordinal);
        foreach (var entry in target.Entries("connections"))
        {
            // An entry without a known type is reported already.
            if (entry.Value is not MappingNode node || Kind(node, kinds.Connections) is not { } kind)
                continue;

            var keys = _shapes.Connections.Find(kind.Key)!;
            var section = new Section(node, keys, $"{target.Path}.connections.{entry.Key}", target.Context);
            section.Value(KindShape.TypeKey);
            connections[entry.Key] = new Named(kind, node, kind.Bind(section) with { Name = entry.Key });
        }

        return connections;
    }

    /// <summary>What stands in a slot: its connection, and its keys, those of a named connection behind them.</summary>
    private static (T Connection, Section Keys) BindSlot<T>(
        Section target, Slot slot, Dictionary<string, Named> connections, T embedded)
        where T : Connection
    {
        var section = target.Object(slot.Key, slot.Keys, ProjectShapes.ConnectionKey);
        section.Value(KindShape.TypeKey);
        if (section.Text(ProjectShapes.ConnectionKey) is not { } name)
            return (Kind(section.Node, slot.Kinds) is { } kind ? (T)kind.Bind(section) : embedded, section);

        if (section.Has(KindShape.TypeKey))
            section.Error(KindShape.TypeKey, "'type' is that of the connection.", "Remove `type`, or `connection`.");

        if (Find(section, slot, connections, name) is not { } named)
            return (embedded, section);

        var own = section.Node.Entries.Where(e => e.Key is not (ProjectShapes.ConnectionKey or KindShape.TypeKey)).ToList();
        var further = named.Node.Entries.Where(e => own.All(o => o.Key != e.Key));
        var merged = new Section(new MappingNode(section.Node.Line, [.. own, .. further]), slot.Keys, section.Path, section.Context);
        // Without keys of its own the slot is the connection, whose errors are reported where it stands.
        return ((T)(own.Count == 0 ? named.Connection : named.Kind.Bind(merged) with { Name = name }), merged);
    }

    /// <summary>The connection of that name if it fits the slot; null when it does not, which is reported.</summary>
    private static Named? Find(Section section, Slot slot, Dictionary<string, Named> connections, string name)
    {
        var fitting = connections.Where(c => slot.Kinds.Contains(c.Value.Kind)).Select(c => c.Key).ToList();
        if (!connections.TryGetValue(name, out var named))
        {
            section.Error(
                ProjectShapes.ConnectionKey, $"The target has no connection '{name}'.",
                slot.Embedded == name || slot.Kinds.Any(kind => kind.Key == name) ? $"Write `{slot.Key}: {{type: {name}}}`."
                : connections.Count == 0 ? $"Add `connections: {{{name}: {{type: ...}}}}`."
                : Suggestion.Fix(name, fitting, "connections"));
            return null;
        }

        if (slot.Kinds.Contains(named.Kind))
            return named;

        section.Error(
            ProjectShapes.ConnectionKey, $"The connection '{name}' is of type {named.Kind.Key}, which is no {slot.Key}.",
            $"Name a connection of type {string.Join(" or ", slot.Kinds.Select(kind => kind.Key))}.");
        return null;
    }

    private static IConnectionKind? Kind(MappingNode node, IReadOnlyList<IConnectionKind> kinds) =>
        node.Value(KindShape.TypeKey) is ScalarNode type ? kinds.FirstOrDefault(kind => kind.Key == type.Text) : null;

    private sealed record Named(IConnectionKind Kind, MappingNode Node, Connection Connection);
}
