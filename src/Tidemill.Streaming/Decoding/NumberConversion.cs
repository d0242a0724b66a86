using System.Globalization;
using System.Runtime.CompilerServices;

namespace Tidemill.Streaming.Decoding;

/// <summary>What becomes of digits that the type has no room for behind the point.</summary>
internal enum Rounding
{
    /// <summary>They must be zeros.</summary>
    Exact,

    /// <summary>To the nearest, halves away from zero.</summary>
    HalfAwayFromZero,

    /// <summary>Towards minus infinity: the same instant gives the same microsecond, however it is written.</summary>
    Floor,
}

/// <summary>From a JSON number's digits to the types, exactly: no float stands between.</summary>
internal static class NumberConversion
{
    private const double MaxExactDouble = 1L << 53;
    private const float MaxExactFloat = 1 << 24;

    private static readonly ulong[] Powers = MakePowers();

    private static readonly Int128[] WidePowers = MakeWidePowers();

    private static readonly double[] DoublePowers =
    [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ];

    /// <summary>The value times 10^<paramref name="scale"/>, when it is one of a signed 64-bit type between the bounds.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseResult ToInt64(in JsonNumber number, int scale, Rounding rounding, long min, long max, out long value)
    {
        if (TryScale(number, scale, out var magnitude) && magnitude <= long.MaxValue)
        {
            value = number.Negative ? -(long)magnitude : (long)magnitude;
            return value >= min && value <= max ? ParseResult.Ok : ParseResult.OutOfRange;
        }

        var result = ToInt128(number, scale, rounding, min, max, out var wide);
        value = (long)wide;
        return result;
    }

    /// <summary>The value times 10^<paramref name="scale"/>, between the bounds.</summary>
    public static ParseResult ToInt128(
        in JsonNumber number, int scale, Rounding rounding, Int128 min, Int128 max, out Int128 value)
    {
        value = 0;
        var result = Scale(number, scale, rounding, out var magnitude);
        if (result != ParseResult.Ok)
            return result;

        // -2^127 is the one number whose magnitude Int128 does not hold.
        if (magnitude > (UInt128)Int128.MaxValue + (number.Negative ? 1u : 0u))
            return ParseResult.OutOfRange;

        value = number.Negative ? (Int128)(~magnitude + 1) : (Int128)magnitude;
        return value >= min && value <= max ? ParseResult.Ok : ParseResult.OutOfRange;
    }

    public static ParseResult ToUInt64(in JsonNumber number, ulong max, out ulong value)
    {
        var result = ToInt128(number, 0, Rounding.Exact, 0, max, out var wide);
        value = result == ParseResult.Ok ? (ulong)wide : 0;
        return result;
    }

    /// <summary>The unscaled value of a DECIMAL(precision, scale), halves rounded away from zero as PostgreSQL does.</summary>
    public static ParseResult ToDecimal(in JsonNumber number, int precision, int scale, out Int128 value)
    {
        var bound = WidePowers[precision] - 1;
        return ToInt128(number, scale, Rounding.HalfAwayFromZero, -bound, bound, out value);
    }

    /// <summary>As <see cref="ToDecimal"/>, for at most 18 digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ParseResult ToShortDecimal(in JsonNumber number, int precision, int scale, out long value)
    {
        var bound = (long)Powers[precision] - 1;
        return ToInt64(number, scale, Rounding.HalfAwayFromZero, -bound, bound, out value);
    }

    /// <summary>The nearest double; beyond the largest one is out of range, below the smallest one is zero.</summary>
    public static ParseResult ToDouble(in JsonNumber number, out double value)
    {
        var exponent = number.Exponent;
        if (number.IsCompact && number.Mantissa <= MaxExactDouble && exponent is >= -22 and <= 22)
        {
            // Both operands are exact, so the one rounding of IEEE 754 gives the nearest double (Clinger, 1990).
            value = exponent < 0 ? number.Mantissa / DoublePowers[-exponent] : number.Mantissa * DoublePowers[exponent];
            value = number.Negative ? -value : value;
            return ParseResult.Ok;
        }

        return double.TryParse(number.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            ? double.IsFinite(value) ? ParseResult.Ok : ParseResult.OutOfRange
            : ParseResult.Invalid;
    }

    public static ParseResult ToFloat(in JsonNumber number, out float value)
    {
        var exponent = number.Exponent;
        if (number.IsCompact && number.Mantissa <= MaxExactFloat && exponent is >= -10 and <= 10)
        {
            value = exponent < 0 ? number.Mantissa / (float)DoublePowers[-exponent] : number.Mantissa * (float)DoublePowers[exponent];
            value = number.Negative ? -value : value;
            return ParseResult.Ok;
        }

        return float.TryParse(number.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            ? float.IsFinite(value) ? ParseResult.Ok : ParseResult.OutOfRange
            : ParseResult.Invalid;
    }

    /// <summary>The common case: no digits are lost and 64 bits are enough.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryScale(in JsonNumber number, int scale, out ulong magnitude)
    {
        var shift = number.Exponent + scale;
        magnitude = number.Mantissa;
        if (!number.IsCompact || (ulong)shift >= (ulong)Powers.Length)
            return false;

        return shift == 0 || Math.BigMul(magnitude, Powers[shift], out magnitude) == 0;
    }

    private static ParseResult Scale(in JsonNumber number, int scale, Rounding rounding, out UInt128 magnitude)
    {
        if (TryScale(number, scale, out var small))
        {
            magnitude = small;
            return ParseResult.Ok;
        }

        var kept = number.IntegerDigits + number.WrittenExponent + scale;
        if (!TakeDigits(number.Text, kept, out magnitude, out var next, out var dropped))
            return ParseResult.OutOfRange;

        if (dropped && rounding == Rounding.Exact)
            return ParseResult.Invalid;

        var up = rounding == Rounding.Floor ? dropped && number.Negative : rounding == Rounding.HalfAwayFromZero && next >= 5;
        magnitude += up ? 1u : 0u;
        return ParseResult.Ok;
    }

    /// <summary>
    /// The number that the first <paramref name="kept"/> digits spell, zeros added as needed; false when 128 bits are too
    /// few. next: the digit after them. dropped: whether any digit after them is not zero.
    /// </summary>
    private static bool TakeDigits(ReadOnlySpan<byte> text, long kept, out UInt128 value, out int next, out bool dropped)
    {
        // Room for one more digit and a carry.
        var bound = (UInt128.MaxValue - 10) / 10;
        value = 0;
        next = 0;
        dropped = false;
        var at = 0L;
        foreach (var character in text)
        {
            if (character is (byte)'-' or (byte)'.')
                continue;

            if ((character | 0x20) == 'e')
                break;

            var digit = character - '0';
            if (at < kept)
            {
                if (value > bound)
                    return false;

                value = (value * 10) + (uint)digit;
            }
            else
            {
                next = at == kept ? digit : next;
                dropped |= digit != 0;
            }

            at++;
        }

        for (; at < kept && value != 0; at++)
        {
            if (value > bound)
                return false;

            value *= 10;
        }

        return true;
    }

    private static ulong[] MakePowers()
    {
        var powers = new ulong[20];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++)
            powers[i] = powers[i - 1] * 10;

        return powers;
    }

    private static Int128[] MakeWidePowers()
    {
        var powers = new Int128[39];
        powers[0] = 1;
        for (var i = 1; i < powers.Length; i++)
            powers[i] = powers[i - 1] * 10;

        return powers;
    }
}
