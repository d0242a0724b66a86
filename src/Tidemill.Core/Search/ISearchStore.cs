using System.Text.Json;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Search;

/// <summary>
/// Indexes of JSON documents: embedded, or Elasticsearch/OpenSearch. Document ids are deterministic, so that writing a
/// document again changes nothing.
/// </summary>
public interface ISearchStore : IAsyncDisposable
{
    string Description { get; }

    /// <summary>Put by the store before every name on the server; operations of a <see cref="BulkBody"/> that name an index do
    /// so themselves.</summary>
    string Prefix { get; }

    /// <summary>Bytes that a <see cref="BulkBody"/> should have at most, unless one operation has more.</summary>
    int BulkBytes { get; }

    /// <summary>
    /// Creates the index when there is none, else adds the fields and aliases that it lacks. SchemaConflict: a field has
    /// another type there. InvalidRequest: no such name or type.
    /// </summary>
    Task EnsureIndexAsync(string index, IndexSettings settings, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the index template and the lifecycle policy that indexes of these settings follow. Returns one
    /// sentence for each optional setting that the store does not support. InvalidRequest: it does not support a required one.
    /// </summary>
    Task<IReadOnlyList<string>> PrepareAsync(string pattern, IndexSettings settings, CancellationToken cancellationToken);

    /// <summary>True when all of them are there, as indexes or aliases.</summary>
    Task<bool> ExistAsync(IReadOnlyCollection<string> indexes, CancellationToken cancellationToken);

    Task<IReadOnlyList<IndexDescription>> ListIndexesAsync(CancellationToken cancellationToken);

    /// <summary>Writes documents by id, replacing those that are there. Durable on return. One result a document, in order.</summary>
    Task<IReadOnlyList<IndexedDocument>> BulkAsync(
        string index, IReadOnlyList<SearchDocument> documents, CancellationToken cancellationToken);

    /// <summary>The document, or null.</summary>
    Task<JsonElement?> GetAsync(string index, string id, CancellationToken cancellationToken);

    /// <summary>Documents in id order, those whose text holds every word of <paramref name="text"/> when given.</summary>
    Task<SearchPage> SearchAsync(string index, string? text, int from, int size, CancellationToken cancellationToken);

    Task DeleteIndexAsync(string index, CancellationToken cancellationToken);

    /// <summary>
    /// Carries the operations out, each by itself, in order for one id. Durable on return, and found by id; a search finds
    /// them within the index's refresh interval. Sending them again changes nothing. Unavailable when the store took only
    /// some: the caller sends all again. NotFound: an index is gone.
    /// </summary>
    /// <param name="index">Where operations go that name no index.</param>
    Task<BulkAnswer> BulkAsync(string? index, BulkBody body, CancellationToken cancellationToken);

    /// <summary>Every document of the indexes that match, * standing for any text; in no order. Nothing when there is no such
    /// index.</summary>
    IAsyncEnumerable<SearchHit> ScanAsync(string pattern, CancellationToken cancellationToken);

    /// <summary>
    /// For each of the partitions that the sink has ever advanced, the next record that it does not hold yet. Read by key:
    /// no search runs and no index is refreshed.
    /// </summary>
    Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadCheckpointsAsync(
        CheckpointOwner owner, IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>CheckpointFenced when a partition's position is known and is not the range's start.</summary>
    Task RequireCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken);

    /// <summary>
    /// Moves each partition from its range's start to its end, compared and set as one; durable on return. CheckpointFenced
    /// when another writer moved one; the other partitions may have been moved then.
    /// </summary>
    Task AdvanceCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken);
}

/// <summary>What tasks that only know a mapping use.</summary>
public static class SearchStores
{
    /// <summary>As with settings of the server's own choosing.</summary>
    public static Task EnsureIndexAsync(this ISearchStore store, string index, IndexMapping mapping, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.EnsureIndexAsync(index, new IndexSettings(mapping), cancellationToken);
    }
}

/// <summary>Field name to Elasticsearch type name: date, integer, long, float, double, keyword, text, boolean.</summary>
public sealed record IndexMapping(IReadOnlyDictionary<string, string> Fields);

public sealed record IndexDescription(string Name, long Documents, IndexMapping Mapping);

/// <param name="Id">Deterministic id.</param>
/// <param name="Source">One JSON object, UTF-8.</param>
public sealed record SearchDocument(string Id, ReadOnlyMemory<byte> Source);

/// <summary>What became of a document. Unchanged: the same source was there already.</summary>
public enum IndexOutcome
{
    Created,
    Updated,
    Unchanged,
    Rejected,
}

public sealed record IndexedDocument(string Id, IndexOutcome Outcome, long Version, string? Reason);

public sealed record SearchHit(string Id, long Version, JsonElement Source);

public sealed record SearchPage(long Total, IReadOnlyList<SearchHit> Hits);
