using System.Collections.Concurrent;
using System.Text;
using MongoDB.Bson;
using MongoDB.Driver;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.MongoDb;

/// <summary>
/// Documents in a MongoDB database. On a replica set or sharded cluster a sink's documents and its checkpoint (collection
/// <c>tidemill_checkpoints</c>) are one transaction; a standalone server gets the documents first, journaled with the checkpoint.
/// Connects when first used.
/// </summary>
public sealed class MongoDocumentStore : IDocumentStore
{
    private const string Checkpoints = DocumentCollections.Checkpoints;

    private const int MaxTransactionDocuments = 50_000;
    private const int MaxTransactionBytes = 48 << 20;
    private const int FewDocuments = 1000;

    private static readonly FilterDefinitionBuilder<RawBsonDocument> Filters = Builders<RawBsonDocument>.Filter;

    private readonly MongoClient _client;
    private readonly IMongoDatabase _database;
    private readonly ConcurrentDictionary<string, bool> _known = new();
    private volatile string? _topology;

    private MongoDocumentStore(MongoClient client, string database, string hosts)
    {
        _client = client;
        _database = client.GetDatabase(database);
        Description = $"MongoDB database {database} at {hosts}";
    }

    public string Description { get; }

    /// <summary>InvalidRequest when the connection is half configured. The server need not be up.</summary>
    public static MongoDocumentStore Open(DocumentsConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var address = MongoAddress.Parse(connection.Uri ?? "");
        var database = connection.Database ?? address.Database ?? throw new TidemillException(
            ErrorCode.InvalidRequest, $"Nothing names the database at {address.Hosts}; write `database: NAME` beside the uri.");
        return new MongoDocumentStore(new MongoClient(address.Settings), database, address.Hosts);
    }

    /// <summary>The server's version and what it is, for people who look for what is wrong.</summary>
    public Task<string> DescribeServerAsync(CancellationToken cancellationToken) => RunAsync(async () =>
    {
        var build = await _database.RunCommandAsync<BsonDocument>(new BsonDocument("buildInfo", 1), null, cancellationToken);
        var kind = await IsTransactionalAsync(cancellationToken) ? "with transactions" : "standalone, without transactions";
        return $"MongoDB {build["version"]}, {kind}";
    });

    /// <summary>Runs any command, given as Extended JSON; for tests and for setting up collections.</summary>
    internal Task<string> RunAsync(string command, CancellationToken cancellationToken) => RunAsync(async () => ExtendedJson.Text(
        await _database.RunCommandAsync<BsonDocument>(ExtendedJson.Parse(Encoding.UTF8.GetBytes(command)), null, cancellationToken),
        JsonTypes.Relaxed));

    public Task<BulkResult> UpsertAsync(
        string collection, DocumentBatch documents, BulkOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(documents);
        DocumentCollections.Check(collection);
        return RunAsync(() => Upserts(collection, documents, order).WriteAsync(null, order == BulkOrder.Unordered, cancellationToken));
    }

    public Task<RawBsonDocument?> GetAsync(string collection, BsonValue id, CancellationToken cancellationToken) => RunAsync(
        async () => (RawBsonDocument?)await Collection(collection).Find(Filters.Eq("_id", id)).FirstOrDefaultAsync(cancellationToken));

    public Task<IReadOnlyList<RawBsonDocument>> FindAsync(DocumentQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        var order = Builders<RawBsonDocument>.Sort.Ascending(query.Field);
        var options = new FindOptions<RawBsonDocument>
        {
            Sort = query.Field == "_id" ? order : order.Ascending("_id"),
            Limit = query.Limit,
            // Without an index on the field the server sorts; it may use its disk for that.
            AllowDiskUse = true,
        };
        return RunAsync<IReadOnlyList<RawBsonDocument>>(async () =>
        {
            using var cursor = await Collection(query.Collection).FindAsync(Filter(query), options, cancellationToken);
            var documents = new List<RawBsonDocument>();
            var left = query.MaxBytes;
            while (left > 0 && await cursor.MoveNextAsync(cancellationToken))
            {
                foreach (var document in cursor.Current.TakeWhile(_ => left > 0))
                {
                    documents.Add(document);
                    left -= document.Slice.Length;
                }
            }

            return documents;
        });
    }

    public Task<long> CountAsync(string collection, CancellationToken cancellationToken) =>
        RunAsync(() => Collection(collection).CountDocumentsAsync(Filters.Empty, null, cancellationToken));

    public Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<string>>(async () =>
        {
            var options = new ListCollectionNamesOptions { AuthorizedCollections = true, Filter = new BsonDocument("type", "collection") };
            using var cursor = await _database.ListCollectionNamesAsync(options, cancellationToken);
            return (await cursor.ToListAsync(cancellationToken))
                .Where(name => name != Checkpoints && !name.StartsWith("system.", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).ToList();
        });

    public Task<long> DeleteAsync(string collection, IReadOnlyList<BsonValue> ids, CancellationToken cancellationToken) => RunAsync(
        async () => (await Collection(collection).DeleteManyAsync(Filters.In("_id", ids), cancellationToken)).DeletedCount);

    public Task DropAsync(string collection, CancellationToken cancellationToken) => RunAsync(async () =>
    {
        _known.TryRemove(collection, out _);
        await _database.DropCollectionAsync(collection, cancellationToken);
        return true;
    });

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        CheckpointOwner owner, CancellationToken cancellationToken) => RunAsync(() => PositionsAsync(owner, cancellationToken));

    public Task<BulkResult> CommitAsync(DocumentCommit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        DocumentCollections.Check(commit.Collection);
        return RunAsync(async () =>
        {
            CheckNotFenced(await PositionsAsync(commit.Owner, cancellationToken), commit);
            return await IsTransactionalAsync(cancellationToken)
                ? await CommitAsOneAsync(commit, cancellationToken)
                : await CommitInTurnAsync(commit, cancellationToken);
        });
    }

    /// <summary>The driver keeps the connections of an address for whoever opens it next.</summary>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return ValueTask.CompletedTask;
    }

    private static FilterDefinition<RawBsonDocument> Filter(DocumentQuery query) => query switch
    {
        { From: null, Field: "_id" } => Filters.Empty,
        { From: null } => Filters.Ne(query.Field, BsonNull.Value),
        { From: { } from, Field: "_id" } => Filters.Gt("_id", from),
        { From: { } from, AfterId: null } => Filters.Gte(query.Field, from),
        { From: { } from, AfterId: { } after } =>
            Filters.Or(Filters.Gt(query.Field, from), Filters.Eq(query.Field, from) & Filters.Gt("_id", after)),
    };

    /// <summary>
    /// One transaction lies in the server's cache as a whole, and a full cache shows as a conflict, however often it is tried:
    /// many documents are refused then, so that fewer come.
    /// </summary>
    private async Task<BulkResult> CommitAsOneAsync(DocumentCommit commit, CancellationToken cancellationToken)
    {
        if (commit.Documents is { Count: > MaxTransactionDocuments } or { Count: > 1, Bytes: > MaxTransactionBytes })
            throw TooMany(commit, null);

        try
        {
            return await RunAsync(() => CommitTransactionAsync(commit, cancellationToken));
        }
        catch (TidemillException error) when (error.Code == ErrorCode.TransactionConflict && commit.Documents.Count > FewDocuments)
        {
            throw TooMany(commit, error);
        }
    }

    private static TidemillException TooMany(DocumentCommit commit, TidemillException? error) => new(
        ErrorCode.RowRejected,
        $"Collection {commit.Collection}: {commit.Documents.Count} documents of {commit.Documents.Bytes} bytes are too many "
            + $"for one transaction.",
        error);

    /// <summary>Commits unless a document was refused.</summary>
    private async Task<BulkResult> CommitTransactionAsync(DocumentCommit commit, CancellationToken cancellationToken)
    {
        await EnsureExistsAsync(Checkpoints, cancellationToken);
        if (commit.Documents.Count > 0)
            await EnsureExistsAsync(commit.Collection, cancellationToken);

        var upserts = Upserts(commit.Collection, commit.Documents, commit.Order);
        BulkResult written;
        using (var session = await _client.StartSessionAsync(null, cancellationToken))
        {
            session.StartTransaction();
            await AdvanceAsync(session, commit, cancellationToken);
            written = await upserts.WriteAsync(session, goesOn: false, cancellationToken);
            if (written.Refused.Count == 0)
            {
                await session.CommitTransactionAsync(cancellationToken);
                return written;
            }
        }

        return new BulkResult(0, await upserts.AllRefusedAsync(written.Refused, cancellationToken));
    }

    private async Task<BulkResult> CommitInTurnAsync(DocumentCommit commit, CancellationToken cancellationToken)
    {
        var written = await Upserts(commit.Collection, commit.Documents, commit.Order).WriteAsync(null, goesOn: true, cancellationToken);
        if (written.Refused.Count == 0)
            await AdvanceAsync(null, commit, cancellationToken);

        return written;
    }

    /// <summary>Moves each partition's position from its range's start to its end. CheckpointFenced when one stands elsewhere.</summary>
    private async Task AdvanceAsync(IClientSessionHandle? session, DocumentCommit commit, CancellationToken cancellationToken)
    {
        var positions = _database.GetCollection<BsonDocument>(Checkpoints);
        foreach (var range in commit.Ranges)
        {
            var id = $"{commit.Owner.Stream}/{commit.Owner.Sink}/{range.Partition.Topic}/{range.Partition.Partition}";
            FilterDefinition<BsonDocument> held = new BsonDocument { { "_id", id }, { "next", range.Start.Value } };
            var change = Builders<BsonDocument>.Update.Set("next", range.End.Value).CurrentDate("updated_at");
            var moved = session is null
                ? await positions.UpdateOneAsync(held, change, null, cancellationToken)
                : await positions.UpdateOneAsync(session, held, change, null, cancellationToken);
            if (moved.MatchedCount > 0)
                continue;

            var first = new BsonDocument
            {
                { "_id", id }, { "stream", commit.Owner.Stream }, { "sink", commit.Owner.Sink }, { "topic", range.Partition.Topic },
                { "partition", range.Partition.Partition }, { "next", range.End.Value },
            };
            try
            {
                await (session is null
                    ? positions.InsertOneAsync(first, null, cancellationToken)
                    : positions.InsertOneAsync(session, first, null, cancellationToken));
            }
            catch (MongoWriteException error) when (error.WriteError?.Category == ServerErrorCategory.DuplicateKey)
            {
                throw DocumentCollections.Fenced(commit.Owner, range);
            }
        }
    }

    private static void CheckNotFenced(IReadOnlyDictionary<TopicPartition, LogOffset> held, DocumentCommit commit)
    {
        foreach (var range in commit.Ranges)
        {
            if (held.TryGetValue(range.Partition, out var position) && position != range.Start)
                throw DocumentCollections.Fenced(commit.Owner, range);
        }
    }

    private async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> PositionsAsync(
        CheckpointOwner owner, CancellationToken cancellationToken)
    {
        FilterDefinition<BsonDocument> owned = new BsonDocument { { "stream", owner.Stream }, { "sink", owner.Sink } };
        var positions = await _database.GetCollection<BsonDocument>(Checkpoints).Find(owned).ToListAsync(cancellationToken);
        return positions.ToDictionary(
            position => new TopicPartition(position["topic"].AsString, position["partition"].ToInt32()),
            position => new LogOffset(position["next"].ToInt64()));
    }

    private async Task<bool> IsTransactionalAsync(CancellationToken cancellationToken)
    {
        if (_topology is null)
        {
            var hello = await _database.RunCommandAsync<BsonDocument>(new BsonDocument("hello", 1), null, cancellationToken);
            _topology = hello.Contains("setName") ? "replica set" : hello.GetValue("msg", "standalone").AsString;
        }

        return _topology is "replica set" or "isdbgrid";
    }

    /// <summary>Inside a transaction a collection that comes to be conflicts with others who make it.</summary>
    private async Task EnsureExistsAsync(string collection, CancellationToken cancellationToken)
    {
        if (_known.ContainsKey(collection))
            return;

        try
        {
            await _database.CreateCollectionAsync(collection, null, cancellationToken);
        }
        catch (MongoCommandException error) when (error.Code == MongoErrors.NamespaceExists)
        {
            // It is there.
        }

        _known[collection] = true;
    }

    private IMongoCollection<RawBsonDocument> Collection(string name) => _database.GetCollection<RawBsonDocument>(name);

    private MongoUpserts Upserts(string collection, DocumentBatch documents, BulkOrder order) =>
        new(_database, collection, documents, order, Description);

    private async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception error) when (MongoErrors.From(error, _client, Description) is { } known)
        {
            throw known;
        }
    }
}
