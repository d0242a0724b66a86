using Tidemill.Core.Components;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>
/// A place of a target for a store: the embedded one, a server described there, or a connection by name, with keys that stand in
/// for the connection's.
/// </summary>
internal sealed class Slot
{
    /// <param name="kinds">Those whose connections open as the store can stand here.</param>
    /// <param name="key">The slot's key in a target.</param>
    /// <param name="store">The contract that the slot needs.</param>
    /// <param name="embedded">The type that needs no server.</param>
    /// <param name="description">What the types are.</param>
    /// <param name="further">Keys that every type has.</param>
    public Slot(ComponentKinds kinds, string key, Type store, string embedded, string description, IReadOnlyList<Property> further)
    {
        (Key, Embedded) = (key, embedded);
        Kinds = [.. kinds.Connections.Where(kind => kind.Store == store)];
        // Kinds that share a shape share its properties.
        var properties = Kinds.GroupBy(kind => kind.Shape).SelectMany(group => group.Key.Properties.Select(
            property => property with { OnlyWith = (KindShape.TypeKey, string.Join('|', group.Select(kind => kind.Key))) }));
        Keys = new ObjectShape(
        [
            new Property(KindShape.TypeKey, new ChoiceShape([embedded, .. Kinds.Select(kind => kind.Key)]), description)
            {
                Default = embedded,
            },
            new Property(
                ProjectShapes.ConnectionKey, CommonShapes.Name,
                "One of the target's connections, in place of `type`; keys beside it stand in for the connection's."),
            .. properties,
            .. further,
        ])
        { Reference = ProjectShapes.ConnectionKey };
        Shape = new EitherShape(CommonShapes.Name, Mapping: Keys);
    }

    public string Key { get; }

    public string Embedded { get; }

    public IReadOnlyList<IConnectionKind> Kinds { get; }

    /// <summary>The long form.</summary>
    public ObjectShape Keys { get; }

    /// <summary>The name of a connection, or the long form.</summary>
    public Shape Shape { get; }
}
