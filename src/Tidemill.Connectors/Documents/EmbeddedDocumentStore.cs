using MongoDB.Bson;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Documents;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Documents;

/// <summary>
/// The document store of a laptop: one DuckDB file, <c>documents.duckdb</c>.
/// <code>
/// documents (collection, key, document; key the first two)          key: SortKey of the _id; document: BSON
/// positions (stream, sink, topic, partition, next; key the first four)
/// </code>
/// A sink's documents and its checkpoint are one transaction. A find by another field than <c>_id</c> reads the collection.
/// </summary>
public sealed class EmbeddedDocumentStore : IDocumentStore
{
    private const string FileName = "documents.duckdb";

    private const string Schema =
        """
        CREATE TABLE IF NOT EXISTS documents (collection VARCHAR, key BLOB, document BLOB NOT NULL, PRIMARY KEY (collection, key));
        CREATE TABLE IF NOT EXISTS positions (
            stream VARCHAR, sink VARCHAR, topic VARCHAR, "partition" INTEGER, next BIGINT NOT NULL,
            PRIMARY KEY (stream, sink, topic, "partition"));
        """;

    private readonly StoreFile _file;

    private EmbeddedDocumentStore(StoreFile file) => _file = file;

    public string Description => _file.Path;

    /// <summary>Opens the store under the data folder, creating it when there is none. DataFolderLocked: another process has it
    /// open.</summary>
    public static Task<EmbeddedDocumentStore> OpenAsync(string dataFolder, CancellationToken cancellationToken) =>
        OpenAsync(dataFolder, _ => { }, cancellationToken);

    /// <param name="opened">Gets each engine that is opened, the first and those after failures.</param>
    internal static async Task<EmbeddedDocumentStore> OpenAsync(
        string dataFolder, Action<DuckDbDatabase> opened, CancellationToken cancellationToken) =>
        new(await StoreFile.OpenAsync(dataFolder, FileName, Schema, opened, cancellationToken));

    public Task<BulkResult> UpsertAsync(
        string collection, DocumentBatch documents, BulkOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(documents);
        DocumentCollections.Check(collection);
        return _file.CommitAsync(connection => new DocumentWrite(connection, collection).Write(documents, order), cancellationToken);
    }

    public Task<RawBsonDocument?> GetAsync(string collection, BsonValue id, CancellationToken cancellationToken) => _file.TakeTurnAsync(
        connection => StoreRows.Read(
            connection, "SELECT document FROM documents WHERE collection = $1 AND key = $2", [collection, SortKey.Of(id)], Document)
                .FirstOrDefault(),
        cancellationToken);

    public Task<IReadOnlyList<RawBsonDocument>> FindAsync(DocumentQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return _file.TakeTurnAsync<IReadOnlyList<RawBsonDocument>>(
            connection =>
                Bounded(query.Field == "_id" ? FindById(connection, query) : new FieldScan(query).Run(connection), query.MaxBytes),
            cancellationToken);
    }

    public Task<long> CountAsync(string collection, CancellationToken cancellationToken) => _file.TakeTurnAsync(
        connection => StoreRows.Read(
            connection,
            "SELECT count(*) FROM documents WHERE collection = $1", [collection], (chunk, row) => chunk[0].Data<long>()[row])[0],
        cancellationToken);

    public Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken) =>
        _file.TakeTurnAsync<IReadOnlyList<string>>(
        connection => StoreRows.Read(
            connection, "SELECT DISTINCT collection FROM documents", [], (chunk, row) => chunk[0].GetString(row)).Order(
                StringComparer.Ordinal).ToList(),
        cancellationToken);

    public Task<long> DeleteAsync(string collection, IReadOnlyList<BsonValue> ids, CancellationToken cancellationToken) =>
        _file.CommitAsync(
        connection => ids.Select(SortKey.Of).Sum(key =>
            StoreRows.Write(connection, "DELETE FROM documents WHERE collection = $1 AND key = $2", collection, key)),
        cancellationToken);

    public Task DropAsync(string collection, CancellationToken cancellationToken) => _file.CommitAsync(
        connection => StoreRows.Write(connection, "DELETE FROM documents WHERE collection = $1", collection), cancellationToken);

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        CheckpointOwner owner, CancellationToken cancellationToken) =>
        _file.TakeTurnAsync<IReadOnlyDictionary<TopicPartition, LogOffset>>(
            connection => StoreRows.Read(
                connection, "SELECT topic, \"partition\", next FROM positions WHERE stream = $1 AND sink = $2", [owner.Stream, owner.Sink],
                (chunk, row) =>
                    (new TopicPartition(chunk[0].GetString(row), chunk[1].Data<int>()[row]), new LogOffset(chunk[2].Data<long>()[row])))
                .ToDictionary(),
            cancellationToken);

    public Task<BulkResult> CommitAsync(DocumentCommit commit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(commit);
        DocumentCollections.Check(commit.Collection);
        var refused = Enumerable.Range(
            0, commit.Documents.Count).Select(i => DocumentCollections.Oversized(commit.Documents, i)).OfType<RefusedDocument>().ToList();
        return refused.Count > 0 ? Task.FromResult(new BulkResult(0, refused)) : _file.CommitAsync(
            connection =>
            {
                foreach (var range in commit.Ranges)
                    Advance(connection, commit.Owner, range);

                return new DocumentWrite(connection, commit.Collection).Write(commit.Documents, commit.Order);
            },
            cancellationToken);
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private static void Advance(DuckDbConnection connection, CheckpointOwner owner, OffsetRange range)
    {
        var (topic, partition) = (range.Partition.Topic, range.Partition.Partition);
        const string Update =
            "UPDATE positions SET next = $5 WHERE stream = $1 AND sink = $2 AND topic = $3 AND \"partition\" = $4 AND next = $6";
        const string Insert = "INSERT INTO positions VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        if (StoreRows.Write(connection, Update, owner.Stream, owner.Sink, topic, partition, range.End.Value, range.Start.Value) == 0
            && StoreRows.Write(connection, Insert, owner.Stream, owner.Sink, topic, partition, range.End.Value) == 0)
        {
            throw DocumentCollections.Fenced(owner, range);
        }
    }

    private static List<RawBsonDocument> FindById(DuckDbConnection connection, DocumentQuery query)
    {
        // Values are compared with values of their kind only, which is the key's first byte.
        var (condition, parameters) = query.From is { } from
            ? (" AND key > $3 AND key < $4", (object[])[query.Collection, (long)query.Limit, SortKey.Of(
                from), new[] { (byte)(SortKey.Kind(from.BsonType) + 1) }])
            : ("", [query.Collection, (long)query.Limit]);
        return StoreRows.Read(
            connection, $"SELECT document FROM documents WHERE collection = $1{condition} ORDER BY key LIMIT $2", parameters, Document);
    }

    private static List<RawBsonDocument> Bounded(List<RawBsonDocument> documents, long maxBytes)
    {
        var count = 0;
        while (count < documents.Count && maxBytes > 0)
            maxBytes -= documents[count++].Slice.Length;

        return documents[..count];
    }

    private static RawBsonDocument Document(DataChunk chunk, int row) => new(chunk[0].GetBytes(row).ToArray());
}
