using System.Buffers.Binary;
using System.Text;
using MongoDB.Bson;
using Tidemill.Core.Documents;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Documents;

/// <summary>
/// Documents of a collection as records: the key is the <c>_id</c>, the value the document as JSON. A position is
/// <c>{"end": value, "from": value, "after": id}</c> in canonical Extended JSON: end is the furthest value ever read. With an id
/// reading goes on behind that document, where a page ended. Without one all was read: reading goes on at the end, or by
/// <c>_id</c> behind it, and where it is a date or an ObjectId so much earlier as documents may show late.
/// </summary>
public sealed class CollectionSource(IDocumentStore store, CollectionSourceDefinition definition) : ISource
{
    private const int PageDocuments = 1000;

    public string Description => $"collection {definition.Collection} in {store.Description}";

    public TimeSpan Poll => definition.Poll;

    private bool ById => definition.Field == "_id";

    public async Task<SourcePage> ReadAsync(string? position, CancellationToken cancellationToken)
    {
        var (end, from, after) = Position(position);
        var query = new DocumentQuery(definition.Collection, PageDocuments)
        {
            Field = definition.Field,
            From = from ?? (end is { } reached ? Earlier(reached, 1) : null),
            AfterId = after,
        };
        var documents = await store.FindAsync(query, cancellationToken);
        var more = documents.Count == PageDocuments || documents.Sum(document => (long)document.Slice.Length) >= query.MaxBytes;
        if (documents.Count == 0)
            return new SourcePage([], end is null ? null : Text(end), More: false);

        var last = documents[^1].Field(definition.Field)!;
        end = end is { } before && Compare(before, last) > 0 ? before : last;
        var next = more ? Text(end, last, documents[^1]["_id"]) : Text(end);
        return new SourcePage([.. documents.Select(Record)], next, more);
    }

    public bool MayReturn(string? position, string cursor) => LiesBehind(position, cursor, overlaps: 1);

    // A document that showed late was appended up to one overlap behind its predecessors.
    public bool EndsReturnable(string? position, string cursor) => !LiesBehind(position, cursor, overlaps: 2);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private bool LiesBehind(string? position, string cursor, int overlaps)
    {
        if (Position(position).End is not { } end)
            return true;

        var bound = Earlier(end, overlaps);
        var order = Compare(Parse(cursor)["v"], bound);
        return ById && bound == end ? order > 0 : order >= 0;
    }

    private BsonValue Earlier(BsonValue value, int overlaps)
    {
        switch (value)
        {
            case BsonDateTime date:
                return new BsonDateTime(date.MillisecondsSinceEpoch - (overlaps * (long)definition.Overlap.TotalMilliseconds));
            case BsonObjectId id when definition.Overlap > TimeSpan.Zero:
                // It begins with the second in which it was made.
                var bytes = new byte[12];
                var seconds = (uint)id.Value.Timestamp - (overlaps * Math.Ceiling(definition.Overlap.TotalSeconds));
                BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)Math.Max(0, seconds));
                return new ObjectId(bytes);
            default:
                return value;
        }
    }

    private static int Compare(BsonValue left, BsonValue right) => SortKey.Of(left).AsSpan().SequenceCompareTo(SortKey.Of(right));

    private SourceRecord Record(RawBsonDocument document)
    {
        var id = document["_id"];
        var value = ById ? id : document.Field(definition.Field)!;
        return new SourceRecord(
            $$"""{"v":{{ExtendedJson.Text(value)}},"id":{{ExtendedJson.Text(id)}}}""",
            new ProducerRecord { Key = Key(id), Value = ExtendedJson.Write(document, definition.Types) });
    }

    /// <summary>Text and ObjectId as they read, other types as their JSON.</summary>
    private static byte[] Key(BsonValue id) =>
        id is BsonString or BsonObjectId ? Encoding.UTF8.GetBytes(id.ToString()!) : ExtendedJson.Write(id, JsonTypes.Plain);

    private static string Text(BsonValue end) => $$"""{"end":{{ExtendedJson.Text(end)}}}""";

    private static string Text(BsonValue end, BsonValue from, BsonValue after) =>
        $$"""{"end":{{ExtendedJson.Text(end)}},"from":{{ExtendedJson.Text(from)}},"after":{{ExtendedJson.Text(after)}}}""";

    private static (BsonValue? End, BsonValue? From, BsonValue? After) Position(string? position)
    {
        if (position is null)
            return (null, null, null);

        var document = Parse(position);
        return (document.Field("end"), document.Field("from"), document.Field("after"));
    }

    private static BsonDocument Parse(string json) => ExtendedJson.Parse(Encoding.UTF8.GetBytes(json));
}
