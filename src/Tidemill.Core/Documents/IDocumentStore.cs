using MongoDB.Bson;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Documents;

/// <summary>
/// Collections of documents by <c>_id</c>: embedded, or MongoDB. Documents travel as BSON, so that their types survive;
/// <see cref="ExtendedJson"/> is how they are read and written by people. A collection comes to be with its first document.
/// All errors are <see cref="Errors.TidemillException"/>; safe for concurrent callers.
/// </summary>
public interface IDocumentStore : IAsyncDisposable
{
    /// <summary>Where documents live, for messages; without secrets.</summary>
    string Description { get; }

    /// <summary>
    /// Writes documents by <c>_id</c>, replacing those that are there; of equal ids the last wins. Durable on return.
    /// A document that is refused is named in the result: in order, nothing behind it is written; unordered, all others are.
    /// </summary>
    Task<BulkResult> UpsertAsync(string collection, DocumentBatch documents, BulkOrder order, CancellationToken cancellationToken);

    /// <summary>The document; null when there is none.</summary>
    Task<RawBsonDocument?> GetAsync(string collection, BsonValue id, CancellationToken cancellationToken);

    /// <summary>Documents in the order of the query's field, then of <c>_id</c>.</summary>
    Task<IReadOnlyList<RawBsonDocument>> FindAsync(DocumentQuery query, CancellationToken cancellationToken);

    Task<long> CountAsync(string collection, CancellationToken cancellationToken);

    /// <summary>Names in order, without the store's own collections.</summary>
    Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken);

    /// <summary>Deletes documents by id; returns how many there were.</summary>
    Task<long> DeleteAsync(string collection, IReadOnlyList<BsonValue> ids, CancellationToken cancellationToken);

    /// <summary>Deletes a collection; no error when there is none.</summary>
    Task DropAsync(string collection, CancellationToken cancellationToken);

    /// <summary>The positions that a sink holds, of every partition ever written.</summary>
    Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(CheckpointOwner owner, CancellationToken cancellationToken);

    /// <summary>
    /// Writes a sink's documents and moves its checkpoint over the ranges: as one where the store has transactions, else the
    /// documents first. Durable on return. Every document that is refused is named in the result, whatever the order: then the
    /// checkpoint stands where it stood, and with transactions nothing was written, else the others were. CheckpointFenced when a
    /// stored position is not the range's start; RowRejected when the store takes only fewer documents at once.
    /// </summary>
    Task<BulkResult> CommitAsync(DocumentCommit commit, CancellationToken cancellationToken);
}

/// <summary>What becomes of the documents behind one that is refused.</summary>
public enum BulkOrder
{
    Ordered,
    Unordered,
}

/// <param name="Changed">Documents inserted or changed; one that was there alike is not counted.</param>
/// <param name="Refused">Documents that were not written.</param>
public sealed record BulkResult(long Changed, IReadOnlyList<RefusedDocument> Refused);

/// <param name="Index">Position in the batch.</param>
/// <param name="Code">MongoDB's error code.</param>
/// <param name="Reason">Why, without values.</param>
public sealed record RefusedDocument(int Index, int Code, string Reason);

/// <summary>A sink's documents with the records they come from.</summary>
public sealed record DocumentCommit(CheckpointOwner Owner, string Collection, DocumentBatch Documents)
{
    public required IReadOnlyList<OffsetRange> Ranges { get; init; }

    public BulkOrder Order { get; init; } = BulkOrder.Ordered;
}

/// <summary>Documents whose field lies behind a value.</summary>
public sealed record DocumentQuery(string Collection, int Limit)
{
    /// <summary>The answer ends with the document that brings it to so many bytes. Default 16 MiB.</summary>
    public long MaxBytes { get; init; } = 16 << 20;

    /// <summary>Field to order by, dots for nested ones; documents without it, or with null in it, are left out unless it is
    /// <c>_id</c>.</summary>
    public string Field { get; init; } = "_id";

    /// <summary>Begin at this value; null: at the first.</summary>
    public BsonValue? From { get; init; }

    /// <summary>
    /// Of documents whose field equals <see cref="From"/>, those whose <c>_id</c> lies behind this one; null: all of them,
    /// or none where the field is <c>_id</c>.
    /// </summary>
    public BsonValue? AfterId { get; init; }
}
