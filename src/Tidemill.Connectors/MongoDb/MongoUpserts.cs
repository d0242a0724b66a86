using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Bson.Serialization.Serializers;
using MongoDB.Driver;
using Tidemill.Core.Documents;

namespace Tidemill.Connectors.MongoDb;

/// <summary>
/// Writes a batch's documents by <c>_id</c>, and finds those that the server refuses. The commands are written as BSON, because the
/// driver's bulk writes cost three times the processor time, most of it garbage. Used by one caller at a time.
/// </summary>
internal sealed class MongoUpserts(
    IMongoDatabase database, string collection, DocumentBatch documents, BulkOrder order, string description)
{
    private const int MaxCommandDocuments = 100_000;

    /// <summary>Commands larger than this gain nothing, and hold the server's memory.</summary>
    private const int TargetCommandBytes = 8 << 20;

    /// <summary>Of a command that is expected to end early.</summary>
    private const int FewDocuments = 250;

    /// <param name="session">With a transaction, which the server ends with the first document that it refuses, whatever the order;
    /// null: none.</param>
    /// <param name="goesOn">Whether documents behind a refused one are written.</param>
    /// <param name="cancellationToken">Gives up the write.</param>
    public Task<BulkResult> WriteAsync(IClientSessionHandle? session, bool goesOn, CancellationToken cancellationToken) =>
        WriteAsync(session, goesOn, 0, MaxCommandDocuments, cancellationToken);

    /// <summary>
    /// After a transaction that ended with a refused document: it and those behind it, looked for in transactions that are given
    /// up. What is refused only because of a document before it in the batch may show with the next attempt.
    /// </summary>
    public async Task<List<RefusedDocument>> AllRefusedAsync(IReadOnlyList<RefusedDocument> first, CancellationToken cancellationToken)
    {
        var refused = new List<RefusedDocument>(first);
        using var session = await database.Client.StartSessionAsync(null, cancellationToken);
        while (refused[^1].Index + 1 is var next && next < documents.Count)
        {
            session.StartTransaction();
            var more = (await WriteAsync(session, goesOn: false, next, FewDocuments, cancellationToken)).Refused;
            await session.AbortTransactionAsync(cancellationToken);
            if (more.Count == 0)
                break;

            refused.AddRange(more);
        }

        return refused;
    }

    private async Task<BulkResult> WriteAsync(
        IClientSessionHandle? session, bool goesOn, int next, int most, CancellationToken cancellationToken)
    {
        var refused = new List<RefusedDocument>();
        long changed = 0;
        while (next < documents.Count && (refused.Count == 0 || goesOn))
        {
            if (DocumentCollections.Oversized(documents, next) is { } oversized)
            {
                refused.Add(oversized);
                next++;
                continue;
            }

            var (first, before) = (next, refused.Count);
            (var command, next) = Command(first, most, session is null ? database.Settings.WriteConcern : null);
            var reply = session is null
                ? await database.RunCommandAsync<RawBsonDocument>(command, null, cancellationToken)
                : await database.RunCommandAsync<RawBsonDocument>(session, command, null, cancellationToken);
            changed += reply["nModified"].ToInt64() + (reply.TryGetValue("upserted", out var inserted) ? inserted.AsBsonArray.Count : 0);
            refused.AddRange(MongoErrors.Refused(reply, first, description));
            if (order == BulkOrder.Ordered && refused.Count > before)
                next = refused[^1].Index + 1;
        }

        return new BulkResult(changed, refused);
    }

    /// <summary>
    /// An <c>update</c> that replaces or inserts documents from <paramref name="first"/> on, as many as one command should hold and
    /// no more than <paramref name="most"/>, and the first one that it does not hold. An oversized document ends it before itself.
    /// </summary>
    private (RawBsonDocument Command, int Next) Command(int first, int most, WriteConcern? concern)
    {
        using var buffer = new MemoryStream();
        using var writer = new BsonBinaryWriter(buffer);
        var context = BsonSerializationContext.CreateRoot(writer);
        writer.WriteStartDocument();
        writer.WriteString("update", collection);
        writer.WriteBoolean("ordered", order == BulkOrder.Ordered);
        if (concern is not null)
        {
            writer.WriteName("writeConcern");
            BsonDocumentSerializer.Instance.Serialize(context, concern.ToBsonDocument());
        }

        writer.WriteStartArray("updates");
        var next = first;
        while (next < documents.Count && next - first < most
            && DocumentCollections.Oversized(documents, next) is null
            && (next == first || buffer.Length + documents[next].Length < TargetCommandBytes))
        {
            var document = documents.Document(next++);
            writer.WriteStartDocument();
            writer.WriteStartDocument("q");
            writer.WriteName("_id");
            BsonValueSerializer.Instance.Serialize(context, document["_id"]);
            writer.WriteEndDocument();
            writer.WriteName("u");
            writer.WriteRawBsonDocument(document.Slice);
            writer.WriteBoolean("upsert", true);
            writer.WriteEndDocument();
        }

        writer.WriteEndArray();
        writer.WriteEndDocument();
        return (new RawBsonDocument(buffer.ToArray()), next);
    }
}
