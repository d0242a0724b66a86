using System.Buffers.Binary;
using System.Text;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
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

    private readonly byte[] _field = Encoding.UTF8.GetBytes(definition.Field);

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
        var more = documents.Count == PageDocuments || documents.Sum(document => (long)document.Length) >= query.MaxBytes;
        if (documents.Count == 0)
            return new SourcePage([], end is null ? null : Text(end.Value), More: false);

        var last = BsonValue.Of(documents[^1], _field)!.Value;
        end = end is { } before && Compare(before, last) > 0 ? before : last;
        var next = more ? Text(end.Value, last, BsonValue.Of(documents[^1], "_id"u8)!.Value) : Text(end.Value);
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
        var order = Compare(BsonValue.Of(Parse(cursor), "v"u8)!.Value, bound);
        return ById && bound == end ? order > 0 : order >= 0;
    }

    private BsonValue Earlier(BsonValue value, int overlaps)
    {
        var bytes = value.Bytes.ToArray();
        switch (value.Type)
        {
            case BsonType.Date:
                BinaryPrimitives.WriteInt64LittleEndian(
                    bytes, BinaryPrimitives.ReadInt64LittleEndian(bytes) - (overlaps * (long)definition.Overlap.TotalMilliseconds));
                return value with { Bytes = bytes };
            case BsonType.ObjectId when definition.Overlap > TimeSpan.Zero:
                // It begins with the second in which it was made.
                var seconds = BinaryPrimitives.ReadUInt32BigEndian(bytes) - (overlaps * Math.Ceiling(definition.Overlap.TotalSeconds));
                Array.Clear(bytes);
                BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)Math.Max(0, seconds));
                return value with { Bytes = bytes };
            default:
                return value;
        }
    }

    private static int Compare(BsonValue left, BsonValue right) => SortKey.Of(left).AsSpan().SequenceCompareTo(SortKey.Of(right));

    private SourceRecord Record(byte[] document)
    {
        var id = BsonValue.Of(document, "_id"u8)!.Value;
        var value = ById ? id : BsonValue.Of(document, _field)!.Value;
        return new SourceRecord(
            $$"""{"v":{{value.ToJson()}},"id":{{id.ToJson()}}}""",
            new ProducerRecord { Key = Key(id), Value = ExtendedJson.Write(document, definition.Types) });
    }

    /// <summary>Text and ObjectId as they read, other types as their JSON.</summary>
    private static byte[] Key(BsonValue id) => id.Type switch
    {
        BsonType.Text => id.Bytes[4..^1].ToArray(),
        BsonType.ObjectId => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(id.Bytes.Span)),
        _ => Encoding.UTF8.GetBytes(id.ToJson(JsonTypes.Plain)),
    };

    private static string Text(BsonValue end) => $$"""{"end":{{end.ToJson()}}}""";

    private static string Text(BsonValue end, BsonValue from, BsonValue after) =>
        $$"""{"end":{{end.ToJson()}},"from":{{from.ToJson()}},"after":{{after.ToJson()}}}""";

    private static (BsonValue? End, BsonValue? From, BsonValue? After) Position(string? position)
    {
        if (position is null)
            return (null, null, null);

        var document = Parse(position);
        return (BsonValue.Of(document, "end"u8), BsonValue.Of(document, "from"u8), BsonValue.Of(document, "after"u8));
    }

    private static byte[] Parse(string json) => ExtendedJson.Parse(Encoding.UTF8.GetBytes(json));
}
