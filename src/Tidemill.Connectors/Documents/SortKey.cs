using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using MongoDB.Bson;

namespace Tidemill.Connectors.Documents;

/// <summary>
/// A BSON value as bytes whose order is MongoDB's order of values, and which are equal where MongoDB's unique <c>_id</c>
/// takes values as equal (1, 1.0 and Decimal 1 are one id): <c>u8 kind | order of the value</c>, big-endian.
/// Numbers that differ only behind a double's precision are told apart; fractions among them stand in the order of their text.
/// </summary>
internal static class SortKey
{
    private const ulong SignBit = 0x8000_0000_0000_0000;

    public static byte[] Of(BsonValue value)
    {
        using var key = new MemoryStream();
        Write(key, value);
        return key.ToArray();
    }

    /// <summary>The place of the value's kind among all kinds; only values of one kind are compared by a query.</summary>
    public static byte Kind(BsonType type) => type switch
    {
        BsonType.MinKey => 0,
        BsonType.Undefined or BsonType.Null => 1,
        BsonType.Double or BsonType.Int32 or BsonType.Int64 or BsonType.Decimal128 => 2,
        BsonType.String or BsonType.Symbol => 3,
        BsonType.Document => 4,
        BsonType.Array => 5,
        BsonType.Binary => 6,
        BsonType.ObjectId => 7,
        BsonType.Boolean => 8,
        BsonType.DateTime => 9,
        BsonType.Timestamp => 10,
        BsonType.MaxKey => 15,
        _ => 11,
    };

    private static void Write(MemoryStream key, BsonValue value)
    {
        key.WriteByte(Kind(value.BsonType));
        switch (value)
        {
            case BsonString or BsonSymbol:
                Terminated(key, Encoding.UTF8.GetBytes(value.ToString()!));
                break;
            case BsonDocument document:
                foreach (var element in document.Elements)
                    Element(key, element.Value, element.Name);

                key.WriteByte(0);
                break;
            case BsonArray array:
                foreach (var item in array)
                    Element(key, item, null);

                key.WriteByte(0);
                break;
            case BsonBinaryData:
                // MongoDB orders bytes by length, then subtype.
                var bytes = Bytes(value);
                Big(key, BinaryPrimitives.ReadUInt32LittleEndian(bytes));
                key.Write(bytes[4..]);
                break;
            case BsonDateTime date:
                Big(key, (ulong)date.MillisecondsSinceEpoch ^ SignBit);
                break;
            case BsonTimestamp time:
                Big(key, (ulong)time.Value);
                break;
            case BsonDouble number:
                Approximate(key, number.Value, 0, "");
                break;
            case BsonDecimal128 number:
                Decimal(key, number.Value);
                break;
            case BsonInt32 or BsonInt64:
                var whole = value.ToInt64();
                Approximate(key, whole, (long)(whole - (Int128)(double)whole), "");
                break;
            default:
                key.Write(Bytes(value));
                break;
        }
    }

    private static void Element(MemoryStream key, BsonValue value, string? name)
    {
        // One more than the kind, so that the end (0) sorts before any element.
        key.WriteByte((byte)(Kind(value.BsonType) + 1));
        if (name is not null)
            Terminated(key, Encoding.UTF8.GetBytes(name));

        Write(key, value);
    }

    /// <summary>The value as BSON lays it out: <c>i32 bytes | u8 type | name | 0 | value | 0</c>, with an empty name.</summary>
    private static ReadOnlySpan<byte> Bytes(BsonValue value) => new BsonDocument("", value).ToBson().AsSpan()[6..^1];

    /// <summary>Text that ends with 0, 0 inside written as 0 255: shorter text sorts first.</summary>
    private static void Terminated(MemoryStream key, ReadOnlySpan<byte> text)
    {
        foreach (var letter in text)
        {
            key.WriteByte(letter);
            if (letter == 0)
                key.WriteByte(255);
        }

        key.Write([0, 0]);
    }

    private static void Decimal(MemoryStream key, Decimal128 value)
    {
        var text = value.ToString();
        var isFinite = !Decimal128.IsNaN(value) && !Decimal128.IsInfinity(value);
        var near = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (isFinite
            && Math.Abs(near) < 1e18
            && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact))
        {
            var rest = decimal.IsInteger(exact) ? (long)((Int128)exact - (Int128)near) : 0;
            var isDouble = decimal.IsInteger(exact) || (exact == (decimal)near && Math.Round(near * 1024) == near * 1024);
            Approximate(key, near, rest, isDouble ? "" : exact.ToString("0.############################", CultureInfo.InvariantCulture));
            return;
        }

        Approximate(key, near, 0, isFinite ? text : "");
    }

    /// <summary>The nearest double, what the number lies above it, and what tells it from others still.</summary>
    private static void Approximate(MemoryStream key, double near, long rest, string text)
    {
        var bits = double.IsNaN(near) ? 0 : BitConverter.DoubleToUInt64Bits(near == 0 ? 0 : near);
        Big(key, double.IsNaN(near) ? 0 : (bits & SignBit) != 0 ? ~bits : bits | SignBit);
        Big(key, (ulong)rest ^ SignBit);
        Terminated(key, Encoding.ASCII.GetBytes(text));
    }

    private static void Big(MemoryStream key, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        key.Write(bytes);
    }
}
