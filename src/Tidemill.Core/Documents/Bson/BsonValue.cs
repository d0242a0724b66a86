using System.Buffers.Binary;
using System.Text;
using Tidemill.Core.Errors;

namespace Tidemill.Core.Documents.Bson;

/// <summary>One value, such as a document's <c>_id</c>: its type and its bytes as BSON lays them out.</summary>
public readonly record struct BsonValue(BsonType Type, ReadOnlyMemory<byte> Bytes)
{
    private static readonly byte[] Wrapper = "v"u8.ToArray();

    public static BsonValue Text(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 5];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, bytes.Length - 4);
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(4));
        return new BsonValue(BsonType.Text, bytes);
    }

    public static BsonValue Int32(int value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        return new BsonValue(BsonType.Int32, bytes);
    }

    public static BsonValue Int64(long value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
        return new BsonValue(BsonType.Int64, bytes);
    }

    /// <summary>The field's value in a document, copied; null when the document has no such field.</summary>
    public static BsonValue? Of(ReadOnlySpan<byte> document, ReadOnlySpan<byte> field)
    {
        var dot = field.IndexOf((byte)'.');
        var reader = new BsonReader(document);
        if (!reader.Find(dot < 0 ? field : field[..dot]))
            return null;

        if (dot >= 0)
            return reader.Type == BsonType.Document ? Of(reader.Value, field[(dot + 1)..]) : null;

        return new BsonValue(reader.Type, reader.Value.ToArray());
    }

    /// <summary>Canonical Extended JSON of the value alone, such as <c>{"$oid":"..."}</c>.</summary>
    public string ToJson() => ToJson(JsonTypes.Canonical);

    /// <summary>The value alone as JSON.</summary>
    public string ToJson(JsonTypes types)
    {
        using var writer = new BsonWriter();
        var mark = writer.Begin();
        writer.Value(Wrapper, Type, Bytes.Span);
        writer.End(mark);
        var document = Encoding.UTF8.GetString(ExtendedJson.Write(writer.Written.Span, types));
        return document["{\"v\":".Length..^1];
    }

    /// <summary>Reads Extended JSON; InvalidRequest when it is none.</summary>
    public static BsonValue Parse(string json)
    {
        try
        {
            var document = ExtendedJson.Parse(Encoding.UTF8.GetBytes($"{{\"v\":{json}}}"));
            return Of(document, Wrapper)!.Value;
        }
        catch (FormatException error)
        {
            throw new TidemillException(ErrorCode.InvalidRequest, $"The value is no Extended JSON: {error.Message}", error);
        }
    }

    public bool Equals(BsonValue other) => Type == other.Type && Bytes.Span.SequenceEqual(other.Bytes.Span);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Type);
        hash.AddBytes(Bytes.Span);
        return hash.ToHashCode();
    }
}
