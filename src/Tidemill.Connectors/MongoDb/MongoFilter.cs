using System.Text;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;

namespace Tidemill.Connectors.MongoDb;

/// <summary>A <see cref="DocumentQuery"/> as a find's filter and options.</summary>
internal static class MongoFilter
{
    public static BsonWriter Filter(DocumentQuery query) => MongoCommands.Build(writer =>
    {
        var field = Encoding.UTF8.GetBytes(query.Field);
        var byId = query.Field == "_id";
        switch (query)
        {
            case { From: null } when byId:
                break;
            case { From: null }:
                var present = writer.Begin(BsonType.Document, field);
                writer.Null("$ne"u8);
                writer.End(present);
                break;
            case { From: { } from } when byId:
                Compare(writer, field, "$gt"u8, from);
                break;
            case { From: { } from, AfterId: null }:
                Compare(writer, field, "$gte"u8, from);
                break;
            case { From: { } from, AfterId: { } after }:
                var either = writer.Begin(BsonType.Array, "$or"u8);
                var behind = writer.Begin(BsonType.Document, "0"u8);
                Compare(writer, field, "$gt"u8, from);
                writer.End(behind);
                var equal = writer.Begin(BsonType.Document, "1"u8);
                Compare(writer, field, "$eq"u8, from);
                Compare(writer, "_id"u8, "$gt"u8, after);
                writer.End(equal);
                writer.End(either);
                break;
        }
    });

    public static BsonWriter Options(DocumentQuery query) => MongoCommands.Build(writer =>
    {
        var sort = writer.Begin(BsonType.Document, "sort"u8);
        writer.Int32(Encoding.UTF8.GetBytes(query.Field), 1);
        if (query.Field != "_id")
            writer.Int32("_id"u8, 1);

        writer.End(sort);
        writer.Int64("limit"u8, query.Limit);
        // Without an index on the field the server sorts; it may use its disk for that.
        writer.Boolean("allowDiskUse"u8, true);
    });

    private static void Compare(BsonWriter writer, ReadOnlySpan<byte> field, ReadOnlySpan<byte> operation, BsonValue value)
    {
        var condition = writer.Begin(BsonType.Document, field);
        writer.Value(operation, value.Type, value.Bytes.Span);
        writer.End(condition);
    }
}
