using MongoDB.Bson;
using Tidemill.Core.Documents;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Documents;

/// <summary>A store whose commits go as a test says. Closing it leaves the store open.</summary>
/// <param name="store">The store behind it.</param>
/// <param name="onCommit">Does the commit, given the number of those before it; null: as the store does.</param>
public sealed class FaultyDocumentStore(
    IDocumentStore store, Func<IDocumentStore, DocumentCommit, int, Task<BulkResult>>? onCommit = null) : IDocumentStore
{
    public int Commits { get; private set; }

    public string Description => store.Description;

    public Task<BulkResult> CommitAsync(DocumentCommit commit, CancellationToken cancellationToken)
    {
        var before = Commits++;
        return onCommit is null ? store.CommitAsync(commit, cancellationToken) : onCommit(store, commit, before);
    }

    public Task<BulkResult> UpsertAsync(string collection, DocumentBatch documents, BulkOrder order, CancellationToken cancellationToken) =>
        store.UpsertAsync(collection, documents, order, cancellationToken);

    public Task<RawBsonDocument?> GetAsync(string collection, BsonValue id, CancellationToken cancellationToken) =>
        store.GetAsync(collection, id, cancellationToken);

    public Task<IReadOnlyList<RawBsonDocument>> FindAsync(DocumentQuery query, CancellationToken cancellationToken) =>
        store.FindAsync(query, cancellationToken);

    public Task<long> CountAsync(string collection, CancellationToken cancellationToken) => store.CountAsync(collection, cancellationToken);

    public Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken) =>
        store.ListCollectionsAsync(cancellationToken);

    public Task<long> DeleteAsync(string collection, IReadOnlyList<BsonValue> ids, CancellationToken cancellationToken) =>
        store.DeleteAsync(collection, ids, cancellationToken);

    public Task DropAsync(string collection, CancellationToken cancellationToken) => store.DropAsync(collection, cancellationToken);

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        CheckpointOwner owner, CancellationToken cancellationToken) =>
        store.ReadPositionsAsync(owner, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
