using System.Runtime.CompilerServices;

namespace Tidemill.Connectors.Postgres.Copy;

/// <summary>
/// numeric on the wire (numeric_send in PostgreSQL's utils/adt/numeric.c), big-endian:
/// <c>i16 ndigits | i16 weight | u16 sign (0x0000, 0x4000) | u16 dscale | ndigits * i16 digit of base 10000</c>.
/// The value is the sum of digit[i] * 10000^(weight - i); leading and trailing zero digits are left out.
/// </summary>
internal static unsafe class NumericFormat
{
    private const int HeaderBytes = 8;

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
        target, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness((short)value));
}
