using System.Text;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.MongoDb;

/// <summary>The database commands in use (MongoDB manual, Database Commands), as BSON.</summary>
internal static class MongoCommands
{
    private const int MaxCommandDocuments = 100_000;

    /// <summary>Commands larger than this gain nothing, and hold the server's memory.</summary>
    private const int TargetCommandBytes = 8 << 20;

    public static BsonWriter Simple(string command, long value = 1) =>
        Build(writer => writer.Whole(Encoding.UTF8.GetBytes(command), value));

    public static BsonWriter Named(string command, string collection) =>
        Build(writer => writer.Text(Encoding.UTF8.GetBytes(command), Encoding.UTF8.GetBytes(collection)));

    /// <summary>Builds a document; the caller disposes it.</summary>
    public static BsonWriter Build(Action<BsonWriter> fill)
    {
        var writer = new BsonWriter();
        var mark = writer.Begin();
        fill(writer);
        writer.End(mark);
        return writer;
    }

    /// <summary>
    /// Writes an <c>update</c> that replaces or inserts documents from <paramref name="first"/> on, as many as one command
    /// should hold and no more than <paramref name="most"/>, and returns the first one it does not hold. An oversized document
    /// ends the command before it.
    /// </summary>
    public static int Upsert(BsonWriter writer, string collection, DocumentBatch documents, int first, BulkOrder order, int most)
    {
        writer.Clear();
        var command = writer.Begin();
        writer.Text("update"u8, Encoding.UTF8.GetBytes(collection));
        writer.Boolean("ordered"u8, order == BulkOrder.Ordered);
        var updates = writer.Begin(BsonType.Array, "updates"u8);
        Span<byte> digits = stackalloc byte[10];
        var next = first;
        while (next < documents.Count && next - first < Math.Min(most, MaxCommandDocuments)
            && documents[next].Length <= DocumentCollections.MaxDocumentBytes
            && (next == first || writer.Length + documents[next].Length < TargetCommandBytes))
        {
            var document = documents[next];
            var update = writer.Begin(BsonType.Document, BsonWriter.ArrayName(next - first, digits));
            var query = writer.Begin(BsonType.Document, "q"u8);
            var id = new BsonReader(document);
            id.Find("_id"u8);
            writer.Value("_id"u8, id.Type, id.Value);
            writer.End(query);
            writer.Document("u"u8, document);
            writer.Boolean("upsert"u8, true);
            writer.End(update);
            next++;
        }

        writer.End(updates);
        writer.End(command);
        return next;
    }

    /// <summary>Moves one partition's position from the range's start to its end; matches nothing when it stands elsewhere.</summary>
    public static BsonWriter Advance(string collection, CheckpointOwner owner, OffsetRange range) => Build(writer =>
    {
        writer.Text("update"u8, Encoding.UTF8.GetBytes(collection));
        var updates = writer.Begin(BsonType.Array, "updates"u8);
        var update = writer.Begin(BsonType.Document, "0"u8);
        var query = writer.Begin(BsonType.Document, "q"u8);
        writer.Text("_id"u8, Encoding.UTF8.GetBytes(CheckpointId(owner, range.Partition)));
        writer.Int64("next"u8, range.Start.Value);
        writer.End(query);
        var change = writer.Begin(BsonType.Document, "u"u8);
        var set = writer.Begin(BsonType.Document, "$set"u8);
        writer.Int64("next"u8, range.End.Value);
        writer.End(set);
        var clock = writer.Begin(BsonType.Document, "$currentDate"u8);
        writer.Boolean("updated_at"u8, true);
        writer.End(clock);
        writer.End(change);
        writer.End(update);
        writer.End(updates);
    });

    /// <summary>A partition's first position.</summary>
    public static BsonWriter InsertPosition(string collection, CheckpointOwner owner, OffsetRange range) => Build(writer =>
    {
        writer.Text("insert"u8, Encoding.UTF8.GetBytes(collection));
        var documents = writer.Begin(BsonType.Array, "documents"u8);
        var document = writer.Begin(BsonType.Document, "0"u8);
        writer.Text("_id"u8, Encoding.UTF8.GetBytes(CheckpointId(owner, range.Partition)));
        writer.Text("stream"u8, Encoding.UTF8.GetBytes(owner.Stream));
        writer.Text("sink"u8, Encoding.UTF8.GetBytes(owner.Sink));
        writer.Text("topic"u8, Encoding.UTF8.GetBytes(range.Partition.Topic));
        writer.Int32("partition"u8, range.Partition.Partition);
        writer.Int64("next"u8, range.End.Value);
        writer.End(document);
        writer.End(documents);
    });

    public static BsonWriter Delete(string collection, IReadOnlyList<BsonValue> ids) => Build(writer =>
    {
        writer.Text("delete"u8, Encoding.UTF8.GetBytes(collection));
        var deletes = writer.Begin(BsonType.Array, "deletes"u8);
        var delete = writer.Begin(BsonType.Document, "0"u8);
        var query = writer.Begin(BsonType.Document, "q"u8);
        var condition = writer.Begin(BsonType.Document, "_id"u8);
        var list = writer.Begin(BsonType.Array, "$in"u8);
        Span<byte> digits = stackalloc byte[10];
        for (var i = 0; i < ids.Count; i++)
            writer.Value(BsonWriter.ArrayName(i, digits), ids[i].Type, ids[i].Bytes.Span);

        writer.End(list);
        writer.End(condition);
        writer.End(query);
        writer.Int32("limit"u8, 0);
        writer.End(delete);
        writer.End(deletes);
    });

    public static BsonWriter Count(string collection) => Build(writer =>
    {
        writer.Text("aggregate"u8, Encoding.UTF8.GetBytes(collection));
        var pipeline = writer.Begin(BsonType.Array, "pipeline"u8);
        var stage = writer.Begin(BsonType.Document, "0"u8);
        writer.Text("$count"u8, "n"u8);
        writer.End(stage);
        writer.End(pipeline);
        writer.End(writer.Begin(BsonType.Document, "cursor"u8));
    });

    public static BsonWriter ListCollections() => Build(writer =>
    {
        writer.Int32("listCollections"u8, 1);
        writer.Boolean("nameOnly"u8, true);
        writer.Boolean("authorizedCollections"u8, true);
        var filter = writer.Begin(BsonType.Document, "filter"u8);
        writer.Text("type"u8, "collection"u8);
        writer.End(filter);
        var cursor = writer.Begin(BsonType.Document, "cursor"u8);
        writer.Int32("batchSize"u8, 100_000);
        writer.End(cursor);
    });

    private static string CheckpointId(CheckpointOwner owner, TopicPartition partition) =>
        $"{owner.Stream}/{owner.Sink}/{partition.Topic}/{partition.Partition}";
}
