using System.Numerics;
using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Filters;

/// <summary>Filters that calculate.</summary>
internal static class NumberFilters
{
    private static readonly Signature AbsSignature = new("abs", 1, "x");
    private static readonly Signature FloatSignature = new("float", 1, "value", "default");
    private static readonly Signature IntSignature = new("int", 1, "value", "default", "base");
    private static readonly Signature RoundSignature = new("round", 1, "value", "precision", "method");
    private static readonly Signature SumSignature = new("sum", 1, "iterable", "attribute", "start");

    public static object? Abs(CallArguments arguments)
    {
        var value = arguments.Bind(AbsSignature)[0];
        return value switch
        {
            double number => Math.Abs(number),
            decimal number => Math.Abs(number),
            JinjaUndefined undefined => throw undefined.Error(),
            _ when ValueNumbers.IsInteger(value) => ValueNumbers.Normalize(BigInteger.Abs(ValueNumbers.ToBig(value!))),
            _ => throw new JinjaException($"abs() wants a number, not {ValueText.TypeName(value)}"),
        };
    }

    public static object? Float(CallArguments arguments)
    {
        var bound = arguments.Bind(FloatSignature);
        (bound[0] as JinjaUndefined)?.RequireLenient();
        return bound[0] switch
        {
            string text => ValueNumbers.ParseFloat(text) ?? bound.Get(1, 0.0),
            _ when ValueNumbers.IsNumber(bound[0]) => ValueNumbers.ToDouble(bound[0]!),
            JinjaUndefined undefined => throw undefined.Error(),
            _ => bound.Get(1, 0.0),
        };
    }

    /// <summary>Python's <c>float(value)</c> of a number or a text.</summary>
    public static double RequireFloat(object? value) => value switch
    {
        string text => ValueNumbers.ParseFloat(text)
            ?? throw new JinjaException($"could not convert string to float: {PythonString.Quote(text)}"),
        JinjaUndefined undefined => throw undefined.Error(),
        _ => ValueNumbers.IsNumber(value)
            ? ValueNumbers.ToDouble(value!) : throw new JinjaException($"a number is wanted, not {ValueText.TypeName(value)}"),
    };

    public static object? Int(CallArguments arguments)
    {
        var bound = arguments.Bind(IntSignature);
        var fallback = bound.Get(1, 0L);
        switch (bound[0])
        {
            case string text:
                var radix = bound.WholeNumber(2, 10);
                if (radix is not (0 or (>= 2 and <= 36)))
                    throw new JinjaException("int() wants a base from 2 to 36, or 0");
                return ValueNumbers.ParseInteger(text, (int)radix)
                    ?? (ValueNumbers.ParseFloat(text) is { } real && double.IsFinite(real) ? ValueNumbers.Truncate(real) : fallback);
            case decimal number:
                return ValueNumbers.Normalize(new BigInteger(number));
            case double number:
                return double.IsFinite(number) ? ValueNumbers.Truncate(number) : fallback;
            case JinjaUndefined undefined:
                throw undefined.Error();
            default:
                return ValueNumbers.IsInteger(bound[0]) ? Arithmetic.Plus(bound[0]) : fallback;
        }
    }

    /// <summary>Rounds to decimals: common (ties to even, as Python), ceil or floor. An integer stays one when common.</summary>
    public static object? Round(CallArguments arguments)
    {
        var bound = arguments.Bind(RoundSignature);
        var precision = (int)Math.Clamp(bound.WholeNumber(1), -400, 400);
        var method = bound.Text(2, "common");
        var value = bound[0];
        if (value is JinjaUndefined undefined)
            throw undefined.Error();
        if (!ValueNumbers.IsNumber(value))
            throw new JinjaException($"round() wants a number, not {ValueText.TypeName(value)}");
        if (method == "common")
        {
            return value switch
            {
                double number => FixedPoint.Round(number, precision),
                decimal number => decimal.Round(number, Math.Clamp(precision, 0, 28), MidpointRounding.ToEven),
                _ => RoundInteger(ValueNumbers.ToBig(value!), precision),
            };
        }

        var scale = Math.Pow(10, precision);
        var scaled = ValueNumbers.ToDouble(value!) * scale;
        return method switch
        {
            // Python's ceil and floor give an integer, which has no negative zero.
            "ceil" => (Math.Ceiling(scaled) + 0.0) / scale,
            "floor" => (Math.Floor(scaled) + 0.0) / scale,
            _ => throw new JinjaException("round() knows the methods common, ceil and floor"),
        };
    }

    public static object? Sum(CallArguments arguments)
    {
        var bound = arguments.Bind(SumSignature);
        var read = AttributePath.Reader(arguments.Interpreter, bound[1]);
        var sum = bound.Get(2, 0L);
        foreach (var item in ValueSequences.Items(bound[0]))
            sum = Arithmetic.Apply(BinaryOperator.Add, sum, read(item));
        return sum;
    }

    private static object RoundInteger(BigInteger value, int precision)
    {
        if (precision >= 0)
            return ValueNumbers.Normalize(value);
        var unit = BigInteger.Pow(10, -precision);
        return ValueNumbers.Normalize(FixedPoint.RoundHalfEven(value, unit) * unit);
    }
}
