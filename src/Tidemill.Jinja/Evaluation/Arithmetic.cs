using System.Numerics;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Python's binary and unary operators.</summary>
internal static class Arithmetic
{
    private const int MaxCharacters = 64 * 1024 * 1024;
    private const int MaxItems = 10_000_000;

    public static object? Apply(BinaryOperator operation, object? left, object? right)
    {
        RequireDefined(left);
        if (operation == BinaryOperator.Modulo && left is string format)
            return PrintfFormat.Apply(format, right);
        RequireDefined(right);
        if (left is long a && right is long b && OfLongs(operation, a, b) is { } quick)
            return quick;
        if (ValueNumbers.IsNumber(left) && ValueNumbers.IsNumber(right))
            return OfNumbers(operation, left!, right!) ?? throw Unsupported(operation, left, right);
        if (left is IJinjaOperand || right is IJinjaOperand)
            return OfHost(operation, left, right);
        return operation switch
        {
            BinaryOperator.Add => Join(left, right),
            BinaryOperator.Multiply when ValueNumbers.IsInteger(right) => Repeat(left, right, right),
            BinaryOperator.Multiply when ValueNumbers.IsInteger(left) => Repeat(right, left, right),
            BinaryOperator.Subtract when (left, right) is (JinjaSet a1, JinjaSet b1) => Methods.SetMethods.Difference(a1, b1),
            _ => throw Unsupported(operation, left, right),
        };
    }

    public static object? Negate(object? value)
    {
        RequireDefined(value);
        return value switch
        {
            double number => -number,
            decimal number => -number,
            long or bool or BigInteger => ValueNumbers.Normalize(-ValueNumbers.ToBig(value)),
            _ => throw new JinjaException($"bad operand type for unary -: {ValueText.Quoted(value)}"),
        };
    }

    public static object? Plus(object? value)
    {
        RequireDefined(value);
        return value switch
        {
            bool flag => flag ? 1L : 0L,
            _ when ValueNumbers.IsNumber(value) => value,
            _ => throw new JinjaException($"bad operand type for unary +: {ValueText.Quoted(value)}"),
        };
    }

    /// <summary>The result when it fits 64 bits and needs no care, else null.</summary>
    private static long? OfLongs(BinaryOperator operation, long left, long right)
    {
        long result;
        switch (operation)
        {
            case BinaryOperator.Add:
                result = left + right;
                return ((left ^ result) & (right ^ result)) < 0 ? null : result;
            case BinaryOperator.Subtract:
                result = left - right;
                return ((left ^ right) & (left ^ result)) < 0 ? null : result;
            default:
                return null;
        }
    }

    private static object? OfNumbers(BinaryOperator operation, object left, object right)
    {
        if (left is decimal || right is decimal)
            return DecimalArithmetic.Apply(operation, left, right);
        if (operation == BinaryOperator.Divide)
            return Divide(left, right);
        if (left is double || right is double)
            return OfDoubles(operation, ValueNumbers.ToDouble(left), ValueNumbers.ToDouble(right));
        var (a, b) = (ValueNumbers.ToBig(left), ValueNumbers.ToBig(right));
        return operation switch
        {
            BinaryOperator.Add => ValueNumbers.Normalize(a + b),
            BinaryOperator.Subtract => ValueNumbers.Normalize(a - b),
            BinaryOperator.Multiply => ValueNumbers.Normalize(a * b),
            BinaryOperator.FloorDivide => ValueNumbers.Normalize(FloorDivide(a, b)),
            BinaryOperator.Modulo => ValueNumbers.Normalize(a - (FloorDivide(a, b) * b)),
            _ => Power(a, b),
        };
    }

    private static double Divide(object left, object right)
    {
        var divisor = ValueNumbers.ToDouble(right);
        if (divisor == 0)
            throw DivisionByZero();
        if (left is double || right is double)
            return ValueNumbers.ToDouble(left) / divisor;
        var ratio = ValueNumbers.Ratio(ValueNumbers.ToBig(left), ValueNumbers.ToBig(right));
        return double.IsFinite(ratio) ? ratio : throw new JinjaException("integer division result too large for a float");
    }

    private static double OfDoubles(BinaryOperator operation, double left, double right)
    {
        switch (operation)
        {
            case BinaryOperator.Add:
                return left + right;
            case BinaryOperator.Subtract:
                return left - right;
            case BinaryOperator.Multiply:
                return left * right;
            case BinaryOperator.Power when left == 0 && right < 0:
                throw DivisionByZero();
            case BinaryOperator.Power when left < 0 && right % 1 != 0:
                throw new JinjaException("a negative number to a broken power is no real number");
            case BinaryOperator.Power:
                return Math.Pow(left, right);
        }

        if (right == 0)
            throw DivisionByZero();
        var remainder = left % right;
        if (remainder != 0 && remainder < 0 != right < 0)
            remainder += right;
        if (operation == BinaryOperator.Modulo)
            return remainder == 0 ? Math.CopySign(0, right) : remainder;
        var quotient = (left - remainder) / right;
        return Math.Floor(quotient) is var floor && quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static BigInteger FloorDivide(BigInteger left, BigInteger right)
    {
        if (right.IsZero)
            throw DivisionByZero();
        var quotient = BigInteger.DivRem(left, right, out var remainder);
        return !remainder.IsZero && remainder.Sign != right.Sign ? quotient - 1 : quotient;
    }

    private static object Power(BigInteger value, BigInteger exponent)
    {
        if (exponent.Sign < 0)
            return OfDoubles(BinaryOperator.Power, ValueNumbers.ToDouble(ValueNumbers.Normalize(value)), (double)exponent);
        if (value.IsZero || value.IsOne || value == BigInteger.MinusOne)
            return ValueNumbers.Normalize(exponent.IsZero || !exponent.IsEven ? (exponent.IsZero ? 1 : value) : value * value);
        if (exponent * value.GetBitLength() > 30_000)
            throw new JinjaException("an integer would have more than 4300 digits");
        return ValueNumbers.Normalize(BigInteger.Pow(value, (int)exponent));
    }

    private static object Join(object? left, object? right)
    {
        switch (left, right)
        {
            case (string a, string b) when (long)a.Length + b.Length <= MaxCharacters:
                return a + b;
            case (JinjaList a, JinjaList b) when (long)a.Count + b.Count <= MaxItems:
                return new JinjaList(a.Concat(b));
            case (JinjaTuple a, JinjaTuple b) when (long)a.Items.Count + b.Items.Count <= MaxItems:
                return new JinjaTuple([.. a.Items, .. b.Items]);
            case (string, string) or (JinjaList, JinjaList) or (JinjaTuple, JinjaTuple):
                throw TooLong();
            default:
                throw Unsupported(BinaryOperator.Add, left, right);
        }
    }

    private static object Repeat(object? value, object? times, object? right)
    {
        var count = ValueNumbers.TryGetLong(times, out var number) ? Math.Max(number, 0) : long.MaxValue;
        var length = value switch
        {
            string text => (double)text.Length * count > MaxCharacters ? -1 : text.Length,
            JinjaList list => (double)list.Count * count > MaxItems ? -1 : list.Count,
            JinjaTuple tuple => (double)tuple.Items.Count * count > MaxItems ? -1 : tuple.Items.Count,
            _ => throw Unsupported(
                BinaryOperator.Multiply, ReferenceEquals(times, right) ? value : times, ReferenceEquals(times, right) ? times : value),
        };
        if (length < 0)
            throw TooLong();
        var repeats = length == 0 ? 0 : (int)count;
        return value switch
        {
            string text => string.Concat(Enumerable.Repeat(text, repeats)),
            JinjaList list => new JinjaList(Enumerable.Repeat(list, repeats).SelectMany(items => items)),
            _ => new JinjaTuple([.. Enumerable.Repeat(((JinjaTuple)value!).Items, repeats).SelectMany(items => items)]),
        };
    }

    private static object? OfHost(BinaryOperator operation, object? left, object? right)
    {
        if ((left is IJinjaOperand a && a.TryApply(Sign(operation), right, isLeft: true, out var result))
            || (right is IJinjaOperand b && b.TryApply(Sign(operation), left, isLeft: false, out result)))
        {
            return JinjaValue.From(result);
        }

        throw Unsupported(operation, left, right);
    }

    private static void RequireDefined(object? value)
    {
        if (value is JinjaUndefined undefined)
            throw undefined.Error();
    }

    private static JinjaException TooLong() => new("a string or list would be too long");

    private static JinjaException DivisionByZero() => new("division by zero");

    private static JinjaException Unsupported(BinaryOperator operation, object? left, object? right) => (operation, left) switch
    {
        (BinaryOperator.Add, string or JinjaList or JinjaTuple) =>
            new($"can only concatenate {ValueText.ClassName(left)} (not \"{ValueText.ClassName(right)}\") to {ValueText.ClassName(left)}"
                + (left is string ? "; '~' joins anything as text" : "")),
        (BinaryOperator.Multiply, string or JinjaList or JinjaTuple) =>
            new($"can't multiply sequence by non-int of type {ValueText.Quoted(right)}"),
        _ => new($"unsupported operand type(s) for {Sign(operation)}: {ValueText.Quoted(left)} and {ValueText.Quoted(right)}"),
    };

    private static string Sign(BinaryOperator operation) => operation switch
    {
        BinaryOperator.Add => "+",
        BinaryOperator.Subtract => "-",
        BinaryOperator.Multiply => "*",
        BinaryOperator.Divide => "/",
        BinaryOperator.FloorDivide => "//",
        BinaryOperator.Modulo => "%",
        _ => "**",
    };
}
