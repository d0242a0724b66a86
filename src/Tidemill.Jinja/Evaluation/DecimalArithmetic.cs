using System.Globalization;
using System.Numerics;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

/// <summary>
/// Python's <c>decimal.Decimal</c> for the numerics that databases answer, within the 28 digits of .NET's decimal, which are the digits
/// that Python's own context has. Python library reference, "decimal".
/// </summary>
internal static class DecimalArithmetic
{
    /// <summary>The result, or null where Python has none for the two types: decimals and floats do not mix.</summary>
    public static object? Apply(BinaryOperator operation, object left, object right)
    {
        if (left is double || right is double)
            return null;
        try
        {
            var (a, b) = (ToDecimal(left), ToDecimal(right));
            return operation switch
            {
                BinaryOperator.Add => a + b,
                BinaryOperator.Subtract => a - b,
                BinaryOperator.Multiply => a * b,
                BinaryOperator.Power => Power(a, b),
                _ when b == 0 => throw new JinjaException("division by zero"),
                BinaryOperator.Divide => Trimmed(a / b, Math.Max(a.Scale - b.Scale, 0)),
                BinaryOperator.FloorDivide => decimal.Truncate(a / b),
                _ => a % b,
            };
        }
        catch (OverflowException)
        {
            throw new JinjaException("a decimal would have more than 28 digits");
        }
    }

    public static decimal ToDecimal(object value) => value switch
    {
        decimal number => number,
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => (decimal)(BigInteger)value,
    };

    /// <summary><c>str()</c>: plain digits with the scale kept, an exponent below 1e-6.</summary>
    public static string Print(decimal value)
    {
        var plain = value.ToString(CultureInfo.InvariantCulture);
        var digits = plain.TrimStart('-').Replace(".", "", StringComparison.Ordinal).TrimStart('0');
        digits = digits.Length == 0 ? "0" : digits;
        var exponent = digits.Length - 1 - value.Scale;
        if (exponent >= -6)
            return plain;
        var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return string.Create(CultureInfo.InvariantCulture, $"{(plain[0] == '-' ? "-" : "")}{mantissa}E{exponent}");
    }

    private static decimal Power(decimal value, decimal exponent)
    {
        if (exponent != decimal.Truncate(exponent) || Math.Abs(exponent) > 1000)
            return (decimal)Math.Pow((double)value, (double)exponent);
        var result = 1m;
        for (var i = Math.Abs(exponent); i > 0; i--)
            result *= value;
        return exponent < 0 ? 1 / result : result;
    }

    /// <summary>A quotient without the zeros that division leaves beyond the least scale.</summary>
    private static decimal Trimmed(decimal value, int leastScale)
    {
        while (value.Scale > leastScale)
        {
            var shorter = decimal.Round(value, value.Scale - 1);
            if (shorter != value)
                return value;
            value = shorter;
        }

        return value;
    }
}
