namespace Tidemill.Core.Search;

/// <summary>What becomes of an index as it grows old: ILM on Elasticsearch, ISM on OpenSearch. Ages count from the index's
/// creation.</summary>
public sealed record LifecycleDefinition(string Policy)
{
    /// <summary>No more documents, and one segment a shard: smaller and faster to search. Null: never.</summary>
    public TimeSpan? ReadOnlyAfter { get; init; }

    /// <summary>Null: never.</summary>
    public TimeSpan? DeleteAfter { get; init; }

    /// <summary>A server that has no lifecycle management is no error. Default false.</summary>
    public bool Optional { get; init; }
}
