using Tidemill.Core.Errors;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Tidemill.Core.Documents.Bson;

/// <summary>
/// Goes through the elements of a BSON document or array. Lengths are checked: bytes that are no BSON give DataCorrupt,
/// never a read outside the span.
/// </summary>
public ref struct BsonReader
{
    private readonly ReadOnlySpan<byte> _document;
    private int _next;

    public BsonReader(ReadOnlySpan<byte> document)
    {
        if (document.Length < 5 || ReadInt32LittleEndian(document) != document.Length || document[^1] != 0)
            throw Corrupt();

        _document = document;
        _next = 4;
    }

    public BsonType Type { get; private set; }

    /// <summary>The element's name, UTF-8.</summary>
    public ReadOnlySpan<byte> Name { get; private set; }

    /// <summary>The value's bytes as the format lays them out.</summary>
    public ReadOnlySpan<byte> Value { get; private set; }

    /// <summary>Moves to the next element; false at the end.</summary>
    public bool Read()
    {
        if (_next >= _document.Length - 1)
            return false;

        Type = (BsonType)_document[_next++];
        var rest = _document[_next..^1];
        var end = rest.IndexOf((byte)0);
        if (end < 0)
            throw Corrupt();

        Name = rest[..end];
        rest = rest[(end + 1)..];
        var length = ValueLength(Type, rest);
        if (length < 0 || length > rest.Length)
            throw Corrupt();

        Value = rest[..length];
        _next += end + 1 + length;
        return true;
    }

    /// <summary>Moves to the first element of that name behind the current one.</summary>
    public bool Find(ReadOnlySpan<byte> name)
    {
        while (Read())
        {
            if (Name.SequenceEqual(name))
                return true;
        }

        return false;
    }

    /// <summary>A whole number of any width, or a double's whole part.</summary>
    public readonly long Whole() => Type switch
    {
        BsonType.Int32 => ReadInt32LittleEndian(Value),
        BsonType.Int64 or BsonType.Date => ReadInt64LittleEndian(Value),
        BsonType.Double => (long)ReadDoubleLittleEndian(Value),
        _ => 0,
    };

    /// <summary>The UTF-8 of text, symbol or code.</summary>
    public readonly ReadOnlySpan<byte> Text() => Value.Length < 5 ? default : Value[4..^1];

    private static int ValueLength(BsonType type, ReadOnlySpan<byte> rest) => type switch
    {
        BsonType.Double or BsonType.Date or BsonType.Int64 or BsonType.Timestamp => 8,
        BsonType.Int32 => 4,
        BsonType.Decimal128 => 16,
        BsonType.Boolean => 1,
        BsonType.ObjectId => 12,
        BsonType.Null or BsonType.Undefined or BsonType.MinKey or BsonType.MaxKey => 0,
        BsonType.Text or BsonType.Symbol or BsonType.Code => Prefixed(rest, 4, 1),
        BsonType.Binary => Prefixed(rest, 5, 0),
        BsonType.Document or BsonType.Array => Prefixed(rest, 0, 5),
        BsonType.CodeWithScope => Prefixed(rest, 0, 14),
        BsonType.DbPointer => Prefixed(rest, 16, 1),
        BsonType.Regex => RegexLength(rest),
        _ => -1,
    };

    private static int Prefixed(ReadOnlySpan<byte> rest, int beside, int least)
    {
        if (rest.Length < 4)
            return -1;

        var length = ReadInt32LittleEndian(rest);
        return length < least || length > rest.Length ? -1 : length + beside;
    }

    private static int RegexLength(ReadOnlySpan<byte> rest)
    {
        var pattern = rest.IndexOf((byte)0);
        var options = pattern < 0 ? -1 : rest[(pattern + 1)..].IndexOf((byte)0);
        return options < 0 ? -1 : pattern + options + 2;
    }

    internal static TidemillException Corrupt() => new(ErrorCode.DataCorrupt, "A document's bytes are no BSON.");
}
