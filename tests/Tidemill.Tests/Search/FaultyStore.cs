using System.Text.Json;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Search;

/// <summary>A store that does something else first where a test says so.</summary>
internal sealed class FaultyStore(ISearchStore store) : ISearchStore
{
    /// <summary>Before documents are written.</summary>
    public Func<Task> OnBulk { get; set; } = () => Task.CompletedTask;

    /// <summary>After documents are written and before the position is moved.</summary>
    public Func<Task> OnAdvance { get; set; } = () => Task.CompletedTask;

    public int Bodies { get; private set; }

    public int BodyBytes { get; set; } = store.BulkBytes;

    public string Description => store.Description;

    public string Prefix => store.Prefix;

    public int BulkBytes => BodyBytes;

    public Task EnsureIndexAsync(string index, IndexSettings settings, CancellationToken cancellationToken) =>
        store.EnsureIndexAsync(index, settings, cancellationToken);

    public Task<IReadOnlyList<string>> PrepareAsync(string pattern, IndexSettings settings, CancellationToken cancellationToken) =>
        store.PrepareAsync(pattern, settings, cancellationToken);

    public Task<bool> ExistAsync(IReadOnlyCollection<string> indexes, CancellationToken cancellationToken) =>
        store.ExistAsync(indexes, cancellationToken);

    public Task<IReadOnlyList<IndexDescription>> ListIndexesAsync(CancellationToken cancellationToken) =>
        store.ListIndexesAsync(cancellationToken);

    public Task<IReadOnlyList<IndexedDocument>> BulkAsync(
        string index, IReadOnlyList<SearchDocument> documents, CancellationToken cancellationToken) =>
        store.BulkAsync(index, documents, cancellationToken);

    public Task<JsonElement?> GetAsync(string index, string id, CancellationToken cancellationToken) =>
        store.GetAsync(index, id, cancellationToken);

    public Task<SearchPage> SearchAsync(string index, string? text, int from, int size, CancellationToken cancellationToken) =>
        store.SearchAsync(index, text, from, size, cancellationToken);

    public Task DeleteIndexAsync(string index, CancellationToken cancellationToken) => store.DeleteIndexAsync(index, cancellationToken);

    public async Task<BulkAnswer> BulkAsync(string? index, BulkBody body, CancellationToken cancellationToken)
    {
        await OnBulk();
        Bodies++;
        return await store.BulkAsync(index, body, cancellationToken);
    }

    public IAsyncEnumerable<SearchHit> ScanAsync(string pattern, CancellationToken cancellationToken) =>
        store.ScanAsync(pattern, cancellationToken);

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadCheckpointsAsync(
        CheckpointOwner owner, IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        store.ReadCheckpointsAsync(owner, partitions, cancellationToken);

    public Task RequireCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken) =>
        store.RequireCheckpointsAsync(owner, ranges, cancellationToken);

    public async Task AdvanceCheckpointsAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken)
    {
        await OnAdvance();
        await store.AdvanceCheckpointsAsync(owner, ranges, cancellationToken);
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();
}
