using System.Numerics;

namespace Tidemill.DuckDb;

/// <summary>
/// A cell of BIGNUM: <c>u24 length of the rest, top bit set | magnitude, big endian</c>; every bit of it inverted for
/// a negative number, so that cells sort as numbers.
/// </summary>
public static class DuckDbBigNum
{
    private const int HeaderLength = 3;

    public static BigInteger ToBigInteger(ReadOnlySpan<byte> cell)
    {
        if ((cell[0] & 0x80) != 0) return new(cell[HeaderLength..], isUnsigned: true, isBigEndian: true);
        var magnitude = cell[HeaderLength..].ToArray();
        Invert(magnitude);
        return -new BigInteger(magnitude, isUnsigned: true, isBigEndian: true);
    }

    public static byte[] FromBigInteger(BigInteger value)
    {
        var magnitude = BigInteger.Abs(value).ToByteArray(isUnsigned: true, isBigEndian: true);
        var cell = new byte[HeaderLength + magnitude.Length];
        cell[0] = (byte)(0x80 | (magnitude.Length >> 16));
        cell[1] = (byte)(magnitude.Length >> 8);
        cell[2] = (byte)magnitude.Length;
        magnitude.CopyTo(cell, HeaderLength);
        if (value.Sign < 0) Invert(cell);
        return cell;
    }

    private static void Invert(Span<byte> bytes)
    {
        foreach (ref var value in bytes) value = (byte)~value;
    }
}
