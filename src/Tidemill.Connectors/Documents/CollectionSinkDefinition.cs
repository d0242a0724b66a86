using Tidemill.Core.Components;
using Tidemill.Core.Documents;

namespace Tidemill.Connectors.Documents;

/// <summary>Rows as documents of a collection; a row whose <c>_id</c> is there already replaces the document.</summary>
public sealed record CollectionSinkDefinition(string Name, string Collection) : SinkDefinition(Name, CollectionSinkKind.Instance)
{
    /// <summary>
    /// Columns that are the document's <c>_id</c>: of one its value, of several a document of them. Empty: the column
    /// <c>_id</c>, else topic, partition and offset, which the rows must then carry.
    /// </summary>
    public IReadOnlyList<string> Id { get; init; } = [];

    /// <summary>Default ordered: documents behind a refused one are not written before it is set aside.</summary>
    public BulkOrder Order { get; init; } = BulkOrder.Ordered;
}
