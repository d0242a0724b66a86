using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;

namespace Tidemill.Core.Components;

/// <summary>One entry of a stream's <c>sinks</c>. What is particular to it only its kind reads.</summary>
/// <param name="Name">Unique in the stream; checkpoints are kept under it. Default: the table's, index's or topic's name.</param>
/// <param name="Kind">The kind that bound it.</param>
public abstract record SinkDefinition(string Name, ISinkKind Kind)
{
    /// <summary>Types of columns where the transform's own type is not wanted.</summary>
    public IReadOnlyDictionary<string, FieldType> Columns { get; init; } = new Dictionary<string, FieldType>();

    /// <summary>What is written, for people: <c>table orders</c>.</summary>
    public string Description => Kind.Describe(this);

    /// <summary>Where the rows stand. Null: they cannot be read back.</summary>
    public SinkOutput? Output => Kind.Output(this);

    /// <param name="columns">Columns of the rows. Null: not known; what depends on them then takes the cautious value.</param>
    public SinkTraits Traits(StreamDefinition stream, IReadOnlyList<string>? columns) => Kind.Traits(this, stream, columns);
}
