using MongoDB.Bson;
using MongoDB.Driver;
using Tidemill.Core.Documents;

namespace Tidemill.Connectors.MongoDb;

/// <summary>Writes a batch's documents by <c>_id</c>, and finds those that the server refuses. Used by one caller at a time.</summary>
internal sealed class MongoUpserts(
    IMongoCollection<RawBsonDocument> collection, DocumentBatch documents, BulkOrder order, string description)
{
    private const int MaxCommandDocuments = 20_000;

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
        using var session = await collection.Database.Client.StartSessionAsync(null, cancellationToken);
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
            var replacements = Replacements(first, most);
            next += replacements.Count;
            changed += await WriteAsync(session, replacements, first, refused, cancellationToken);
            if (order == BulkOrder.Ordered && refused.Count > before)
                next = refused[^1].Index + 1;
        }

        return new BulkResult(changed, refused);
    }

    private List<ReplaceOneModel<RawBsonDocument>> Replacements(int first, int most)
    {
        var replacements = new List<ReplaceOneModel<RawBsonDocument>>();
        for (var i = first; i < documents.Count && replacements.Count < most && DocumentCollections.Oversized(documents, i) is null; i++)
        {
            var document = documents.Document(i);
            replacements.Add(new ReplaceOneModel<RawBsonDocument>(new BsonDocument("_id", document["_id"]), document) { IsUpsert = true });
        }

        return replacements;
    }

    private async Task<long> WriteAsync(
        IClientSessionHandle? session, List<ReplaceOneModel<RawBsonDocument>> replacements, int first, List<RefusedDocument> refused,
        CancellationToken cancellationToken)
    {
        var options = new BulkWriteOptions { IsOrdered = order == BulkOrder.Ordered || session is not null };
        try
        {
            return Changed(session is null
                ? await collection.BulkWriteAsync(replacements, options, cancellationToken)
                : await collection.BulkWriteAsync(session, replacements, options, cancellationToken));
        }
        catch (MongoBulkWriteException<RawBsonDocument> error)
        {
            refused.AddRange(MongoErrors.Refused(error, first, description));
            return Changed(error.Result);
        }
    }

    private static long Changed(BulkWriteResult<RawBsonDocument> result) => result.ModifiedCount + result.Upserts.Count;
}
