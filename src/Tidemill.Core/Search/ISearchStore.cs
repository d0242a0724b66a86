using System.Text.Json;

namespace Tidemill.Core.Search;

/// <summary>
/// Indexes of JSON documents: embedded, or Elasticsearch/OpenSearch. Document ids are deterministic, so that writing a
/// document again changes nothing.
/// </summary>
public interface ISearchStore : IAsyncDisposable
{
    string Description { get; }

    /// <summary>Creates the index when there is none.</summary>
    Task EnsureIndexAsync(string index, IndexMapping mapping, CancellationToken cancellationToken);

    Task<IReadOnlyList<IndexDescription>> ListIndexesAsync(CancellationToken cancellationToken);

    /// <summary>Writes documents by id, replacing those that are there. Durable on return. One result a document, in order.</summary>
    Task<IReadOnlyList<IndexedDocument>> BulkAsync(
        string index, IReadOnlyList<SearchDocument> documents, CancellationToken cancellationToken);

    /// <summary>The document, or null.</summary>
    Task<JsonElement?> GetAsync(string index, string id, CancellationToken cancellationToken);

    /// <summary>Documents in id order, those whose text holds every word of <paramref name="text"/> when given.</summary>
    Task<SearchPage> SearchAsync(string index, string? text, int from, int size, CancellationToken cancellationToken);

    Task DeleteIndexAsync(string index, CancellationToken cancellationToken);
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
