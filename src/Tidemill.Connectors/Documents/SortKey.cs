using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Tidemill.Core.Documents.Bson;

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
        Write(key, value.Type, value.Bytes.Span);
        return key.ToArray();
    }

    /// <summary>The place of the value's kind among all kinds; only values of one kind are compared by a query.</summary>
    public static byte Kind(BsonType type) => type switch
    {
        BsonType.MinKey => 0,
        BsonType.Undefined or BsonType.Null => 1,
        BsonType.Double or BsonType.Int32 or BsonType.Int64 or BsonType.Decimal128 => 2,
        BsonType.Text or BsonType.Symbol => 3,
        BsonType.Document => 4,
        BsonType.Array => 5,
        BsonType.Binary => 6,
        BsonType.ObjectId => 7,
        BsonType.Boolean => 8,
        BsonType.Date => 9,
        BsonType.Timestamp => 10,
        BsonType.MaxKey => 15,
        _ => 11,
    };

    private static void Write(MemoryStream key, BsonType type, ReadOnlySpan<byte> value)
    {
        key.WriteByte(Kind(type));
        switch (type)
        {
            case BsonType.Text or BsonType.Symbol:
                Terminated(key, value[4..^1]);
                break;
            case BsonType.Document or BsonType.Array:
                Elements(key, value, named: type == BsonType.Document);
                break;
            case BsonType.Binary:
                // MongoDB orders bytes by length, then subtype.
                Big(key, BinaryPrimitives.ReadUInt32LittleEndian(value));
                key.Write(value[4..]);
                break;
            case BsonType.Date:
                Big(key, (ulong)BinaryPrimitives.ReadInt64LittleEndian(value) ^ SignBit);
                break;
            case BsonType.Timestamp:
                Big(key, BinaryPrimitives.ReadUInt64LittleEndian(value));
                break;
            case BsonType.Double or BsonType.Int32 or BsonType.Int64 or BsonType.Decimal128:
                Number(key, type, value);
                break;
            default:
                key.Write(value);
                break;
        }
    }

    private static void Elements(MemoryStream key, ReadOnlySpan<byte> document, bool named)
    {
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            // One more than the kind, so that the end (0) sorts before any element.
            key.WriteByte((byte)(Kind(reader.Type) + 1));
            if (named)
                Terminated(key, reader.Name);

            Write(key, reader.Type, reader.Value);
        }

        key.WriteByte(0);
    }

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

    private static void Number(MemoryStream key, BsonType type, ReadOnlySpan<byte> value)
    {
        switch (type)
        {
            case BsonType.Double:
                Approximate(key, BinaryPrimitives.ReadDoubleLittleEndian(value), 0, "");
                break;
            case BsonType.Decimal128:
                Decimal(
                    key,
                    new Decimal128(BinaryPrimitives.ReadUInt64LittleEndian(value[8..]), BinaryPrimitives.ReadUInt64LittleEndian(value)));
                break;
            default:
                var whole = type == BsonType.Int32
                    ? BinaryPrimitives.ReadInt32LittleEndian(value)
                    : BinaryPrimitives.ReadInt64LittleEndian(value);
                Approximate(key, whole, (long)(whole - (Int128)(double)whole), "");
                break;
        }
    }

    private static void Decimal(MemoryStream key, Decimal128 value)
    {
        var text = value.ToString();
        var near = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (value.IsFinite
            && Math.Abs(near) < 1e18
            && decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var exact))
        {
            var rest = decimal.IsInteger(exact) ? (long)((Int128)exact - (Int128)near) : 0;
            var isDouble = decimal.IsInteger(exact) || (exact == (decimal)near && Math.Round(near * 1024) == near * 1024);
            Approximate(key, near, rest, isDouble ? "" : exact.ToString("0.############################", CultureInfo.InvariantCulture));
            return;
        }

        Approximate(key, near, 0, value.IsFinite ? text : "");
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
