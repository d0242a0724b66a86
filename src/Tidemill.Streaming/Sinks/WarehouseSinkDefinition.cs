using Tidemill.Core.Components;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Sinks;

/// <summary>Rows of a stream into a table of the warehouse.</summary>
/// <param name="Name">The sink's name. Default: the table's.</param>
/// <param name="Table">Created when there is none.</param>
public sealed record WarehouseSinkDefinition(string Name, TableName Table) : SinkDefinition(Name, WarehouseSinkKind.Instance)
{
    public ConflictRule Rule { get; init; } = ConflictRule.Append;

    public IReadOnlyList<string> Key { get; init; } = [];

    public IReadOnlyDictionary<string, MergeOperation> Merge { get; init; } = new Dictionary<string, MergeOperation>();

    public IReadOnlyList<IndexSpec> Indexes { get; init; } = [];
}
