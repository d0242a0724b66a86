using System.Runtime.CompilerServices;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>
/// Elasticsearch 7.17 and later, or OpenSearch 2 and later, by their REST interface. Nothing is asked of the server before
/// the first call, so a server that is away when the program starts is waited for by those who need it.
/// </summary>
/// <remarks>Errors of every call: Unavailable, TimedOut, AccessDenied, NotFound, InvalidRequest.</remarks>
public sealed class ElasticsearchStore : ISearchStore
{
    private const int ScanPage = 2000;

    private readonly ElasticsearchClient _client;
    private readonly ElasticsearchBulk _bulk;
    private readonly ElasticsearchCheckpoints _checkpoints;
    private readonly IndexAdministration _indexes;
    private readonly DocumentRequests _documents;
    private readonly WordSearch _search;

    /// <summary>ConfigurationInvalid: the authority's file cannot be read.</summary>
    public ElasticsearchStore(SearchConnection connection, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(connection);
        _client = new ElasticsearchClient(connection, time);
        _bulk = new ElasticsearchBulk(_client);
        _checkpoints = new ElasticsearchCheckpoints(_client, _bulk, time);
        _indexes = new IndexAdministration(_client, new LifecyclePolicies(_client));
        _documents = new DocumentRequests(_client, _bulk);
        _search = new WordSearch(_client, _indexes);
    }

    public string Description => _client.Description;

    public string Prefix => _client.Connection.Prefix;

    public int BulkBytes => _client.Connection.BulkBytes;

    public Task EnsureIndexAsync(string index, IndexSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return _indexes.EnsureAsync(Checked(index), settings, cancellationToken);
    }

    public Task<IReadOnlyList<string>> PrepareAsync(string pattern, IndexSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return _indexes.PrepareAsync(Prefix + pattern, settings, cancellationToken);
    }

    public async Task<bool> ExistAsync(IReadOnlyCollection<string> indexes, CancellationToken cancellationToken)
    {
        var names = string.Join(",", indexes.Select(index => Uri.EscapeDataString(Prefix + index)));
        return (await _client.SendAsync(HttpMethod.Head, names, null, cancellationToken)).IsSuccess;
    }

    public Task<IReadOnlyList<IndexDescription>> ListIndexesAsync(CancellationToken cancellationToken) =>
        _indexes.ListAsync(cancellationToken);

    public Task<IReadOnlyList<IndexedDocument>> BulkAsync(
        string index, IReadOnlyList<SearchDocument> documents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(documents);
        return _documents.WriteAsync(Prefix + index, documents, cancellationToken);
    }

    public Task<JsonElement?> GetAsync(string index, string id, CancellationToken cancellationToken) =>
        _documents.GetAsync(Prefix + index, id, cancellationToken);

    public Task<SearchPage> SearchAsync(string index, string? text, int from, int size, CancellationToken cancellationToken) =>
        _search.SearchAsync(Prefix + index, text, from, size, cancellationToken);

    public async Task DeleteIndexAsync(string index, CancellationToken cancellationToken)
    {
        var answer = await _client.SendAsync(HttpMethod.Delete, Uri.EscapeDataString(Checked(index)), null, cancellationToken);
        if (answer.Status == 404)
            throw ElasticsearchErrors.NoIndex(Description, index);

        if (!answer.IsSuccess)
            throw ElasticsearchErrors.Of(Description, $"delete index {index}", answer);
    }

    public Task<BulkAnswer> BulkAsync(string? index, BulkBody body, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(body);
        return _bulk.WriteAsync(index is null ? null : Prefix + index, body, cancellationToken);
    }

    public async IAsyncEnumerable<SearchHit> ScanAsync(string pattern, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var path = Uri.EscapeDataString(Prefix + pattern).Replace("%2A", "*", StringComparison.Ordinal);
        await _client.SendAsync(HttpMethod.Post, $"{path}/_refresh?ignore_unavailable=true", null, cancellationToken);
        var page = await PageAsync(
            $"{path}/_search?scroll=2m&ignore_unavailable=true",
            $$"""{"size":{{ScanPage}},"version":true,"sort":["_doc"]}""",
            cancellationToken);
        while (page.GetProperty("hits").GetProperty("hits") is var hits && hits.GetArrayLength() > 0)
        {
            foreach (var hit in hits.EnumerateArray())
                yield return WordSearch.Hit(hit);

            page = await PageAsync("_search/scroll", Scroll(page), cancellationToken);
        }

        await _client.SendAsync(
            HttpMethod.Delete,
            "_search/scroll",
            $$"""{"scroll_id":{{JsonSerializer.Serialize(page.GetProperty("_scroll_id").GetString())}}}""",
            cancellationToken);
    }

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadCheckpointsAsync(
        CheckpointOwner owner, IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        _checkpoints.ReadAsync(owner, partitions, cancellationToken);

    public Task RequireCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        _checkpoints.RequireAsync(owner, ranges, cancellationToken);

    public Task AdvanceCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        _checkpoints.AdvanceAsync(owner, ranges, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private string Checked(string index)
    {
        IndexName.Check(index);
        return Prefix + index;
    }

    private async Task<JsonElement> PageAsync(string path, string body, CancellationToken cancellationToken)
    {
        var answer = await _client.SendAsync(HttpMethod.Post, path, body, cancellationToken);
        return answer.IsSuccess ? answer.Root : throw ElasticsearchErrors.Of(Description, "read documents", answer);
    }

    private static string Scroll(JsonElement page) =>
        $$"""{"scroll":"2m","scroll_id":{{JsonSerializer.Serialize(page.GetProperty("_scroll_id").GetString())}}}""";
}
