using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;

namespace Tidemill.Connectors.Documents;

/// <summary>
/// Documents of a collection as records: the key is the <c>_id</c>, the value the document as JSON. A position is
/// <c>{"from": value, "after": id}</c> in canonical Extended JSON: by <c>_id</c> reading goes on behind the value; by another
/// field at the value, and while a page ends among documents that share it, behind the id. At the end all that share the last value
/// are read again, so that one that comes late is not passed over.
/// </summary>
public sealed class CollectionSource(IDocumentStore store, CollectionSourceDefinition definition) : ISource
{
    private const int PageDocuments = 1000;

    private readonly byte[] _field = Encoding.UTF8.GetBytes(definition.Field);

    public string Description => $"collection {definition.Collection} in {store.Description}";

    private bool ById => definition.Field == "_id";

    public async Task<SourcePage> ReadAsync(string? position, CancellationToken cancellationToken)
    {
        var (from, after) = Position(position);
        var query = new DocumentQuery(definition.Collection, PageDocuments) { Field = definition.Field, From = from, AfterId = after };
        var documents = await store.FindAsync(query, cancellationToken);
        var more = documents.Count == PageDocuments || documents.Sum(document => (long)document.Length) >= query.MaxBytes;
        if (documents.Count == 0)
        {
            return new SourcePage([], from is null ? null : Text(from.Value, null), More: false);
        }

        var last = BsonValue.Of(documents[^1], _field)!.Value;
        var lastId = more && !ById ? BsonValue.Of(documents[^1], "_id"u8) : null;
        return new SourcePage([.. documents.Select(Record)], Text(last, lastId), more);
    }

    public bool MayReturn(string? position, string cursor)
    {
        if (Position(position).From is not { } from)
        {
            return true;
        }

        var order = SortKey.Of(BsonValue.Of(Parse(cursor), "v"u8)!.Value).AsSpan().SequenceCompareTo(SortKey.Of(from));
        return ById ? order > 0 : order >= 0;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

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

    private static string Text(BsonValue from, BsonValue? after) =>
        after is { } id ? $$"""{"from":{{from.ToJson()}},"after":{{id.ToJson()}}}""" : $$"""{"from":{{from.ToJson()}}}""";

    private static (BsonValue? From, BsonValue? After) Position(string? position)
    {
        if (position is null)
        {
            return (null, null);
        }

        var document = Parse(position);
        return (BsonValue.Of(document, "from"u8), BsonValue.Of(document, "after"u8));
    }

    private static byte[] Parse(string json) => ExtendedJson.Parse(Encoding.UTF8.GetBytes(json));
}
