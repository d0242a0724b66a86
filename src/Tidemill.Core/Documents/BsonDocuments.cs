using MongoDB.Bson;
using MongoDB.Bson.IO;
using MongoDB.Bson.Serialization;
using MongoDB.Bson.Serialization.Serializers;
using Tidemill.Core.Errors;

namespace Tidemill.Core.Documents;

/// <summary>What is read of documents.</summary>
public static class BsonDocuments
{
    private static readonly BsonBinaryReaderSettings Lenient = new() { Encoding = Utf8Encodings.Lenient };

    /// <summary>The whole document. A name may stand twice in it, and text that is no UTF-8 is read with replacements.
    /// DataCorrupt: the bytes are no BSON, or hold the type DBPointer, which ended with MongoDB 2.</summary>
    public static BsonDocument Read(this RawBsonDocument raw)
    {
        ArgumentNullException.ThrowIfNull(raw);
        try
        {
            using var stream = new ByteBufferStream(raw.Slice, ownsBuffer: false);
            using var reader = new BsonBinaryReader(stream, Lenient);
            return BsonDocumentSerializer.Instance.Deserialize(
                BsonDeserializationContext.CreateRoot(reader, context => context.AllowDuplicateElementNames = true));
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            throw new TidemillException(ErrorCode.DataCorrupt, $"A document's bytes cannot be read as BSON: {error.Message}", error);
        }
    }

    /// <summary>The value of a field, dots for nested ones; null when there is none.</summary>
    public static BsonValue? Field(this BsonDocument document, string path)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(path);
        var dot = path.IndexOf('.', StringComparison.Ordinal);
        if (!document.TryGetValue(dot < 0 ? path : path[..dot], out var value))
            return null;

        return dot < 0 ? value : (value as BsonDocument)?.Field(path[(dot + 1)..]);
    }
}
