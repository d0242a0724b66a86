using System.Collections.Concurrent;
using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.MongoDb;

/// <summary>
/// Documents in a MongoDB database, through the official C driver. On a replica set or sharded cluster a sink's documents
/// and its checkpoint (collection <c>tidemill_checkpoints</c>) are one transaction; a standalone server gets the documents
/// first, journaled with the checkpoint. Connects when first used.
/// </summary>
public sealed class MongoDocumentStore : IDocumentStore
{
    private const string Checkpoints = DocumentCollections.Checkpoints;

    private const int MaxTransactionDocuments = 50_000;
    private const int MaxTransactionBytes = 48 << 20;
    private const int FewDocuments = 1000;

    private readonly MongoClients _clients;
    private readonly ConcurrentDictionary<string, bool> _known = new();
    private volatile ServerKind? _server;

    private MongoDocumentStore(MongoClients clients) => _clients = clients;

    public string Description => _clients.Description;

    /// <summary>
    /// NativeLibraryMissing when the driver is not installed, InvalidRequest when the connection is half configured. The
    /// server need not be up.
    /// </summary>
    public static MongoDocumentStore Open(DocumentsConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return new MongoDocumentStore(MongoClients.Open(connection.Uri ?? "", connection.Database));
    }

    /// <summary>The server's version and what it is, for people who look for what is wrong.</summary>
    public Task<string> DescribeServerAsync(CancellationToken cancellationToken) => _clients.RunAsync(
        client =>
        {
            using var command = MongoCommands.Simple("buildInfo");
            var version = client.Command(command, reply => BsonValue.Of(reply.Span, "version"u8)?.ToJson().Trim('"'));
            return $"MongoDB {version}, {(Server(client).Transactional ? "with transactions" : "standalone, without transactions")}";
        },
        cancellationToken);

    /// <summary>Runs any command, given as Extended JSON; for tests and for setting up collections.</summary>
    internal Task<string> RunAsync(string command, CancellationToken cancellationToken) => _clients.RunAsync(
        client =>
        {
            using var writer = new BsonWriter();
            writer.RawBytes(ExtendedJson.Parse(Encoding.UTF8.GetBytes(command)));
            return client.Command(writer, reply => Encoding.UTF8.GetString(ExtendedJson.Write(reply.Span, JsonTypes.Relaxed)), write: true);
        },
        cancellationToken);

    public Task<BulkResult> UpsertAsync(
        string collection, DocumentBatch documents, BulkOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(documents);
        DocumentCollections.Check(collection);
        return _clients.RunAsync(
            client => new MongoUpserts(
                client, collection, documents, order, Description).Write(null, order == BulkOrder.Unordered, cancellationToken),
            cancellationToken);
    }

    public Task<byte[]?> GetAsync(string collection, BsonValue id, CancellationToken cancellationToken) => _clients.RunAsync(
        client =>
        {
            using var filter = MongoCommands.Build(writer => writer.Value("_id"u8, id.Type, id.Bytes.Span));
            using var options = MongoCommands.Build(writer => writer.Int64("limit"u8, 1));
            return client.Find(collection, filter, options).FirstOrDefault();
        },
        cancellationToken);

    public Task<IReadOnlyList<byte[]>> FindAsync(DocumentQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _clients.RunAsync<IReadOnlyList<byte[]>>(
            client =>
            {
                using var filter = MongoFilter.Filter(query);
                using var options = MongoFilter.Options(query);
                return client.Find(query.Collection, filter, options, query.MaxBytes);
            },
            cancellationToken);
    }

    public Task<long> CountAsync(string collection, CancellationToken cancellationToken) => _clients.RunAsync(
        client =>
        {
            using var command = MongoCommands.Count(collection);
            return client.Command(command, reply => FirstBatch(reply.Span).Select(document => Whole(document, "n"u8)).FirstOrDefault());
        },
        cancellationToken);

    public Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken) =>
        _clients.RunAsync<IReadOnlyList<string>>(
        client =>
        {
            using var command = MongoCommands.ListCollections();
            return client.Command(command, reply => FirstBatch(reply.Span).Select(document => Text(document, "name"u8))
                .Where(name => name != Checkpoints && !name.StartsWith("system.", StringComparison.Ordinal)).Order(
                    StringComparer.Ordinal).ToList());
        },
        cancellationToken);

    public Task<long> DeleteAsync(string collection, IReadOnlyList<BsonValue> ids, CancellationToken cancellationToken) =>
        _clients.RunAsync(
        client =>
        {
            using var command = MongoCommands.Delete(collection, ids);
            return client.Command(command, reply => Whole(reply, "n"u8), write: true);
        },
        cancellationToken);

    public Task DropAsync(string collection, CancellationToken cancellationToken) => _clients.RunAsync(
        client =>
        {
            _known.TryRemove(collection, out _);
            using var command = MongoCommands.Named("drop", collection);
            try
            {
                return client.Command(command, _ => true, write: true);
            }
            catch (TidemillException error) when (error.Code == ErrorCode.NotFound)
            {
                return false;
            }
        },
        cancellationToken);

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        CheckpointOwner owner, CancellationToken cancellationToken) =>
        _clients.RunAsync<IReadOnlyDictionary<TopicPartition, LogOffset>>(client => ReadPositions(client, owner), cancellationToken);

    public Task<BulkResult> CommitAsync(DocumentCommit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        DocumentCollections.Check(commit.Collection);
        return _clients.RunAsync(
            client =>
            {
                CheckNotFenced(ReadPositions(client, commit.Owner), commit);
                return Server(client).Transactional
                    ? CommitAsOne(client, commit, cancellationToken)
                    : CommitInTurn(client, commit, cancellationToken);
            },
            cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _clients.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// One transaction lies in the server's cache as a whole, and a full cache shows as a conflict, however often it is tried:
    /// many documents are refused then, so that fewer come.
    /// </summary>
    private BulkResult CommitAsOne(MongoClient client, DocumentCommit commit, CancellationToken cancellationToken)
    {
        if (commit.Documents.Count > MaxTransactionDocuments
            || (commit.Documents.Count > 1 && commit.Documents.Writer.Length > MaxTransactionBytes))
        {
            throw TooMany(commit, null);
        }

        try
        {
            return CommitTransaction(client, commit, cancellationToken);
        }
        catch (TidemillException error) when (error.Code == ErrorCode.TransactionConflict && commit.Documents.Count > FewDocuments)
        {
            throw TooMany(commit, error);
        }
    }

    private static TidemillException TooMany(DocumentCommit commit, TidemillException? error) => new(
        ErrorCode.RowRejected,
        $"Collection {commit.Collection}: {commit.Documents.Count} documents of {commit.Documents.Writer.Length} bytes are too many "
            + $"for one transaction.",
        error);

    private BulkResult CommitTransaction(MongoClient client, DocumentCommit commit, CancellationToken cancellationToken)
    {
        EnsureExists(client, Checkpoints);
        if (commit.Documents.Count > 0)
            EnsureExists(client, commit.Collection);

        var upserts = new MongoUpserts(client, commit.Collection, commit.Documents, commit.Order, Description);
        var written = InTransaction(client, transaction =>
        {
            Advance(client, transaction, commit);
            return upserts.Write(transaction, goesOn: false, cancellationToken);
        });
        return written.Refused.Count == 0 ? written : new BulkResult(0, upserts.AllRefused(written.Refused, cancellationToken));
    }

    /// <summary>Commits unless a document was refused.</summary>
    private static BulkResult InTransaction(MongoClient client, Func<MongoTransaction, BulkResult> write)
    {
        using var transaction = client.Begin();
        var result = write(transaction);
        if (result.Refused.Count == 0)
            transaction.Commit();

        return result;
    }

    private BulkResult CommitInTurn(MongoClient client, DocumentCommit commit, CancellationToken cancellationToken)
    {
        var written = new MongoUpserts(
            client, commit.Collection, commit.Documents, commit.Order, Description).Write(null, goesOn: true, cancellationToken);
        if (written.Refused.Count == 0)
            Advance(client, null, commit);

        return written;
    }

    private void Advance(MongoClient client, MongoTransaction? transaction, DocumentCommit commit)
    {
        foreach (var range in commit.Ranges)
        {
            using var update = MongoCommands.Advance(Checkpoints, commit.Owner, range);
            if (client.Command(update, reply => Whole(reply, "n"u8), write: true, transaction) > 0)
                continue;

            using var insert = MongoCommands.InsertPosition(Checkpoints, commit.Owner, range);
            if (!Inserted(client, transaction, insert))
                throw DocumentCollections.Fenced(commit.Owner, range);
        }
    }

    /// <summary>False when the document is there already; a transaction is then over.</summary>
    private bool Inserted(MongoClient client, MongoTransaction? transaction, BsonWriter insert)
    {
        var refused = new List<RefusedDocument>();
        client.Command(insert, reply => MongoUpserts.Changed(reply.Span, refused, 0, Description), write: true, transaction);
        return refused.Count == 0;
    }

    private static void CheckNotFenced(Dictionary<TopicPartition, LogOffset> held, DocumentCommit commit)
    {
        foreach (var range in commit.Ranges)
        {
            if (held.TryGetValue(range.Partition, out var position) && position != range.Start)
                throw DocumentCollections.Fenced(commit.Owner, range);
        }
    }

    private static Dictionary<TopicPartition, LogOffset> ReadPositions(MongoClient client, CheckpointOwner owner)
    {
        using var filter = MongoCommands.Build(writer =>
        {
            writer.Text("stream"u8, Encoding.UTF8.GetBytes(owner.Stream));
            writer.Text("sink"u8, Encoding.UTF8.GetBytes(owner.Sink));
        });
        using var options = MongoCommands.Build(_ => { });
        return client.Find(Checkpoints, filter, options).ToDictionary(
            document => new TopicPartition(Text(document, "topic"u8), (int)Whole(document, "partition"u8)),
            document => new LogOffset(Whole(document, "next"u8)));
    }

    private ServerKind Server(MongoClient client)
    {
        if (_server is { } known)
            return known;

        using var hello = MongoCommands.Simple("hello");
        return _server = client.Command(hello, reply => new ServerKind(
            BsonValue.Of(reply.Span, "setName"u8) is not null || BsonValue.Of(reply.Span, "msg"u8)?.ToJson() == "\"isdbgrid\""));
    }

    /// <summary>Inside a transaction a collection that comes to be conflicts with others who make it.</summary>
    private void EnsureExists(MongoClient client, string collection)
    {
        if (_known.ContainsKey(collection))
            return;

        using var create = MongoCommands.Named("create", collection);
        try
        {
            client.Command(create, _ => true, write: true);
        }
        catch (TidemillException error) when (error.Message.EndsWith($"code {MongoErrors.NamespaceExists})", StringComparison.Ordinal))
        {
            // It is there.
        }

        _known[collection] = true;
    }

    private static List<byte[]> FirstBatch(ReadOnlySpan<byte> reply)
    {
        var documents = new List<byte[]>();
        var cursor = new BsonReader(reply);
        if (!cursor.Find("cursor"u8))
            return documents;

        var fields = new BsonReader(cursor.Value);
        if (fields.Find("firstBatch"u8))
        {
            var batch = new BsonReader(fields.Value);
            while (batch.Read())
                documents.Add(batch.Value.ToArray());
        }

        return documents;
    }

    private static long Whole(ReadOnlyMemory<byte> document, ReadOnlySpan<byte> field)
    {
        var reader = new BsonReader(document.Span);
        return reader.Find(field) ? reader.Whole() : 0;
    }

    private static string Text(ReadOnlyMemory<byte> document, ReadOnlySpan<byte> field)
    {
        var reader = new BsonReader(document.Span);
        return reader.Find(field) ? Encoding.UTF8.GetString(reader.Text()) : "";
    }

    private sealed record ServerKind(bool Transactional);
}
