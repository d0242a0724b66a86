using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;

namespace Tidemill.Connectors.MongoDb;

/// <summary>Writes a batch's documents by <c>_id</c>, and finds those that the server refuses. Used by one caller at a time.</summary>
internal sealed class MongoUpserts(MongoClient client, string collection, DocumentBatch documents, BulkOrder order, string description)
{
    /// <summary>Of a command that is expected to end early.</summary>
    private const int FewDocuments = 250;

    /// <param name="transaction">Null: none. In one, the server ends it with the first document that it refuses, whatever the
    /// order.</param>
    /// <param name="goesOn">Whether documents behind a refused one are written.</param>
    /// <param name="cancellationToken">Ends between two commands.</param>
    public BulkResult Write(MongoTransaction? transaction, bool goesOn, CancellationToken cancellationToken) =>
        Write(transaction, goesOn, 0, int.MaxValue, cancellationToken);

    /// <summary>
    /// After a transaction that ended with a refused document: it and those behind it, looked for in transactions that are given
    /// up. What is refused only because of a document before it in the batch may show with the next attempt.
    /// </summary>
    public List<RefusedDocument> AllRefused(IReadOnlyList<RefusedDocument> first, CancellationToken cancellationToken)
    {
        var refused = new List<RefusedDocument>(first);
        while (refused[^1].Index + 1 is var next && next < documents.Count)
        {
            using var given = client.Begin();
            var more = Write(given, goesOn: false, next, FewDocuments, cancellationToken).Refused;
            if (more.Count == 0)
                break;

            refused.AddRange(more);
        }

        return refused;
    }

    /// <summary>Documents that a write command's reply counts; those refused are added, their positions moved by
    /// <paramref name="first"/>.</summary>
    public static long Changed(ReadOnlySpan<byte> reply, List<RefusedDocument> refused, int first, string description)
    {
        long changed = 0;
        var reader = new BsonReader(reply);
        while (reader.Read())
        {
            if (reader.Name.SequenceEqual("nModified"u8))
            {
                changed += reader.Whole();
            }
            else if (reader.Name.SequenceEqual("upserted"u8))
            {
                var inserted = new BsonReader(reader.Value);
                while (inserted.Read())
                    changed++;
            }
            else if (reader.Name.SequenceEqual("writeErrors"u8))
            {
                MongoErrors.AddRefused(refused, reader.Value, first, description);
            }
        }

        return changed;
    }

    private BulkResult Write(MongoTransaction? transaction, bool goesOn, int next, int most, CancellationToken cancellationToken)
    {
        var refused = new List<RefusedDocument>();
        long changed = 0;
        using var command = new BsonWriter();
        while (next < documents.Count && (refused.Count == 0 || goesOn))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (first, before) = (next, refused.Count);
            if (DocumentCollections.Oversized(documents, next) is { } oversized)
            {
                refused.Add(oversized);
                next++;
                continue;
            }

            next = MongoCommands.Upsert(command, collection, documents, first, order, most);
            changed += client.Command(command, reply => Changed(reply.Span, refused, first, description), write: true, transaction);
            if (order == BulkOrder.Ordered && refused.Count > before)
                next = refused[^1].Index + 1;
        }

        return new BulkResult(changed, refused);
    }
}
