using System.Globalization;
using System.Numerics;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Integers and floats as Python has them; an integer is a long, or a BigInteger when it needs to be.</summary>
internal static class ValueNumbers
{
    /// <summary>Larger integers are an error; Python's own bound on printing them is 4300 digits.</summary>
    private const long MaxBits = 14_280;

    public static object Normalize(BigInteger value)
    {
        if (value >= long.MinValue && value <= long.MaxValue)
            return (long)value;
        return value.GetBitLength() <= MaxBits
            ? value : throw new JinjaException("an integer would have more than 4300 digits");
    }

    public static bool IsInteger(object? value) => value is long or bool or BigInteger;

    public static bool IsNumber(object? value) => value is long or double or bool or BigInteger or decimal;

    public static bool TryGetLong(object? value, out long number)
    {
        number = value switch { long l => l, bool b => b ? 1 : 0, _ => 0 };
        return value is long or bool;
    }

    public static BigInteger ToBig(object value) => value switch
    {
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => (BigInteger)value,
    };

    public static double ToDouble(object value) => value switch
    {
        double number => number,
        long number => number,
        bool flag => flag ? 1 : 0,
        decimal number => (double)number,
        _ => FiniteOrFail(Ratio((BigInteger)value, BigInteger.One)),
    };

    public static long RequireInteger(object? value) => TryGetLong(value, out var number)
        ? number
        : throw new JinjaException($"{ValueText.Object(value)} cannot be interpreted as an integer");

    /// <summary>An integer that serves as a length or width; larger than 16 Mi is an error.</summary>
    public static int RequireSize(object? value)
    {
        var number = RequireInteger(value);
        return number <= 1 << 24
            ? (int)Math.Max(number, -(1 << 24)) : throw new JinjaException("a length is larger than 16777216");
    }

    /// <summary>Reads an integer as Python's <c>int(text, radix)</c>; null when it is none.</summary>
    public static object? ParseInteger(string text, int radix)
    {
        var digits = text.AsSpan().Trim();
        var isNegative = digits.StartsWith("-");
        if (isNegative || digits.StartsWith("+"))
            digits = digits[1..];
        var marked = digits.Length > 2 && digits[0] == '0'
            ? char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } : 0;
        if (marked != 0 && (radix == marked || radix == 0))
        {
            digits = digits[2..];
            radix = marked;
        }

        var value = BigInteger.Zero;
        var afterDigit = false;
        if (digits.Length > 4300)
            return null;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiDigit(c) ? c - '0' : char.IsAsciiLetter(c) ? (c | 32) - 'a' + 10 : -1;
            if (c == '_' && afterDigit)
            {
                afterDigit = false;
                continue;
            }

            if (digit < 0 || digit >= (radix == 0 ? 10 : radix))
                return null;
            value = (value * (radix == 0 ? 10 : radix)) + digit;
            afterDigit = true;
        }

        return afterDigit ? Normalize(isNegative ? -value : value) : null;
    }

    /// <summary>Reads a float as Python's <c>float(text)</c>; null when it is none.</summary>
    public static double? ParseFloat(string text)
    {
        var trimmed = text.Trim();
        switch (trimmed.TrimStart('+', '-').ToUpperInvariant())
        {
            case "INF" or "INFINITY":
                return trimmed.StartsWith('-') ? double.NegativeInfinity : double.PositiveInfinity;
            case "NAN":
                return double.NaN;
        }

        return trimmed.Length > 0 && trimmed[^1] is >= '0' and <= '9' or '.'
            && double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    /// <summary>A float without its fraction; Python's <c>int(float)</c>.</summary>
    public static object Truncate(double value) => double.IsFinite(value)
        ? Math.Abs(value) < 9e18 ? (long)value : Normalize(new BigInteger(value))
        : throw new JinjaException(
            double.IsNaN(value) ? "cannot convert float NaN to integer" : "cannot convert float infinity to integer");

    /// <summary>The float nearest to a ratio of integers, ties to even.</summary>
    public static double Ratio(BigInteger dividend, BigInteger divisor)
    {
        if (dividend.IsZero)
            return divisor.Sign < 0 ? -0.0 : 0;
        var (a, b) = (BigInteger.Abs(dividend), BigInteger.Abs(divisor));
        var shift = (int)(63 - (a.GetBitLength() - b.GetBitLength()));
        if (shift > 0)
            a <<= shift;
        else
            b <<= -shift;
        // 63 or 64 bits of the quotient; the lowest stands for all that are cut off, so that the one rounding is right.
        var quotient = (ulong)BigInteger.DivRem(a, b, out var remainder) | (remainder.IsZero ? 0UL : 1UL);
        var ratio = Math.ScaleB((double)quotient, -shift);
        return dividend.Sign == divisor.Sign ? ratio : -ratio;
    }

    private static double FiniteOrFail(double value) =>
        double.IsFinite(value) ? value : throw new JinjaException("an integer is too large for a float");
}
