using System.Globalization;
using System.Numerics;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Floats at a number of decimals, rounded from their exact value, ties to even, as Python rounds.</summary>
internal static class FixedPoint
{
    public static string Format(double value, int decimals)
    {
        if (!double.IsFinite(value))
            return ValueText.Float(value);
        var scaled = BigInteger.Abs(Scale(value, decimals)).ToString(CultureInfo.InvariantCulture).PadLeft(decimals + 1, '0');
        var sign = double.IsNegative(value) ? "-" : "";
        return decimals == 0 ? sign + scaled : $"{sign}{scaled[..^decimals]}.{scaled[^decimals..]}";
    }

    /// <summary>Python's <c>round(value, decimals)</c>; negative decimals round to tens, hundreds and so on.</summary>
    public static double Round(double value, int decimals)
    {
        if (!double.IsFinite(value) || decimals > 330)
            return value;
        if (decimals < -330)
            return 0;
        var text = string.Create(CultureInfo.InvariantCulture, $"{BigInteger.Abs(Scale(value, decimals))}E{-decimals}");
        return Math.CopySign(double.Parse(text, CultureInfo.InvariantCulture), value);
    }

    /// <summary>value * 10^decimals, rounded half to even; a float is exactly mantissa * 2^exponent.</summary>
    private static BigInteger Scale(double value, int decimals)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var exponent = (int)((bits >> 52) & 0x7FF);
        var mantissa = bits & 0xF_FFFF_FFFF_FFFF;
        BigInteger numerator = exponent == 0 ? mantissa : mantissa | (1L << 52);
        exponent = (exponent == 0 ? 1 : exponent) - 1075;
        var denominator = BigInteger.One;
        if (exponent > 0)
            numerator <<= exponent;
        else
            denominator <<= -exponent;
        if (decimals > 0)
            numerator *= BigInteger.Pow(10, decimals);
        else
            denominator *= BigInteger.Pow(10, -decimals);
        return RoundHalfEven(value < 0 ? -numerator : numerator, denominator);
    }

    public static BigInteger RoundHalfEven(BigInteger numerator, BigInteger denominator)
    {
        var quotient = BigInteger.DivRem(numerator, denominator, out var remainder);
        var twice = BigInteger.Abs(remainder) * 2;
        return twice > denominator || (twice == denominator && !quotient.IsEven) ? quotient + numerator.Sign : quotient;
    }
}
