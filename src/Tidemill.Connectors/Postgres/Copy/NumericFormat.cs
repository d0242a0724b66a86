using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using Tidemill.Connectors.DuckDb;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Postgres.Copy;

/// <summary>
/// numeric on the wire (numeric_send in PostgreSQL's utils/adt/numeric.c), big-endian:
/// <c>i16 ndigits | i16 weight | u16 sign | u16 dscale | ndigits * i16 digit of base 10000</c>; the sign is 0x0000, 0x4000 for
/// negative numbers, 0xC000 for NaN, 0xD000 and 0xF000 for the infinities.
/// The value is the sum of digit[i] * 10000^(weight - i); leading and trailing zero digits are left out.
/// </summary>
internal static unsafe class NumericFormat
{
    private const int HeaderBytes = 8;

    /// <summary>Of a DECIMAL.</summary>
    private const int MaxDigits = 38;

    /// <summary>39 decimal digits with any alignment of the point fall into 11 digits of base 10000.</summary>
    public const int MaxBytes = HeaderBytes + 11 * 2;

    /// <summary>Writes unscaled / 10^scale and returns the bytes written, at most <see cref="MaxBytes"/>.</summary>
    public static int Write(byte* target, Int128 unscaled, int scale)
    {
        var negative = unscaled < 0;
        var magnitude = negative ? (UInt128)(-unscaled) : (UInt128)unscaled;
        var digits = stackalloc short[12];
        var count = magnitude <= ulong.MaxValue
            ? Split((ulong)magnitude, scale, digits)
            : SplitWide(magnitude, scale, digits);
        // digits[0] is the least significant; groups behind the point come first.
        var weight = count - 1 - (scale + 3) / 4;
        var low = 0;
        while (low < count && digits[low] == 0)
            low++;

        if (low == count)
            (weight, negative) = (0, false);

        WriteShort(target, count - low);
        WriteShort(target + 2, weight);
        WriteShort(target + 4, negative ? 0x4000 : 0);
        WriteShort(target + 6, scale);
        var position = HeaderBytes;
        for (var i = count - 1; i >= low; i--, position += 2)
            WriteShort(target + position, digits[i]);

        return position;
    }

    /// <summary>
    /// A decimal; where none holds the number, a BigInteger, or a <see cref="DuckDbDecimal"/>, or beyond its 38 digits a text. NaN and the
    /// infinities come as double.
    /// </summary>
    public static object Read(ReadOnlySpan<byte> bytes, bool asInteger)
    {
        int count = BinaryPrimitives.ReadInt16BigEndian(bytes), weight = BinaryPrimitives.ReadInt16BigEndian(bytes[2..]);
        int sign = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]), scale = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..]);
        if (sign >= 0xC000)
            return sign == 0xC000 ? double.NaN : sign == 0xD000 ? double.PositiveInfinity : double.NegativeInfinity;

        var unscaled = BigInteger.Zero;
        for (var i = 0; i < count; i++)
            unscaled = unscaled * 10_000 + BinaryPrimitives.ReadInt16BigEndian(bytes[(HeaderBytes + 2 * i)..]);

        var shift = scale + 4 * (weight - count + 1);
        unscaled = shift >= 0 ? unscaled * BigInteger.Pow(10, shift) : unscaled / BigInteger.Pow(10, -shift);
        if (sign == 0x4000)
            unscaled = -unscaled;

        var fits = scale <= MaxDigits && BigInteger.Abs(unscaled) < BigInteger.Pow(10, MaxDigits);
        var number = fits && !asInteger ? DuckDbCells.Decimal(new DuckDbDecimal((Int128)unscaled, MaxDigits, (byte)scale)) : null;
        return number is decimal ? number : scale == 0 ? unscaled : number ?? Text(unscaled, scale);
    }

    private static string Text(BigInteger unscaled, int scale)
    {
        var digits = BigInteger.Abs(unscaled).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        return $"{(unscaled.Sign < 0 ? "-" : "")}{digits[..^scale]}.{digits[^scale..]}";
    }

    private static int Split(ulong value, int scale, short* digits)
    {
        var count = 0;
        if (scale % 4 is var odd and > 0)
        {
            var power = Power(odd);
            digits[count++] = (short)(value % power * Power(4 - odd));
            value /= power;
        }

        for (; value > 0; value /= 10_000)
            digits[count++] = (short)(value % 10_000);

        return count;
    }

    private static int SplitWide(UInt128 value, int scale, short* digits)
    {
        var count = 0;
        if (scale % 4 is var odd and > 0)
        {
            var power = Power(odd);
            digits[count++] = (short)((ulong)(value % power) * Power(4 - odd));
            value /= power;
        }

        // Four groups a division: 10^16 fits a word, and 128-bit division is what costs.
        while (value > ulong.MaxValue)
        {
            var quotient = value / 10_000_000_000_000_000UL;
            var rest = (ulong)(value - quotient * 10_000_000_000_000_000UL);
            for (var i = 0; i < 4; i++, rest /= 10_000)
                digits[count++] = (short)(rest % 10_000);

            value = quotient;
        }

        for (var rest = (ulong)value; rest > 0; rest /= 10_000)
            digits[count++] = (short)(rest % 10_000);

        return count;
    }

    private static ulong Power(int digits) => digits switch { 1 => 10, 2 => 100, _ => 1000 };

    private static void WriteShort(byte* target, int value) => Unsafe.WriteUnaligned(
        target, BinaryPrimitives.ReverseEndianness((short)value));
}
