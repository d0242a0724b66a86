using Tidemill.Core.Components;
using Tidemill.Core.Documents;

namespace Tidemill.Connectors.Documents;

/// <summary>Documents of a collection, in the order of a field that grows.</summary>
public sealed record CollectionSourceDefinition(string Collection) : SourceDefinition(CollectionSourceKind.Instance)
{
    /// <summary>The field; dots for nested ones. A document is read when its value lies at or behind the last one's.</summary>
    public string Field { get; init; } = "_id";

    /// <summary>
    /// How far behind the last value documents are looked for again, where the field holds dates or ObjectIds: writers'
    /// clocks differ, and a transaction shows what it wrote only at its end. Default 10 s.
    /// </summary>
    public TimeSpan Overlap { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How types that JSON does not have are written into the records.</summary>
    public JsonTypes Types { get; init; } = JsonTypes.Plain;

    /// <summary>How long to wait when there was nothing new. Default 1 s.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromSeconds(1);
}
