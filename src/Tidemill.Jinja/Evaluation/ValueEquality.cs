using System.Numerics;
using System.Runtime.CompilerServices;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Equality, hashing and order of values as Python's.</summary>
internal static class ValueEquality
{
    public static bool AreEqual(object? left, object? right)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (left is string a && right is string b)
            return a == b;
        if (left is JinjaUndefined || right is JinjaUndefined)
            return BothUndefined(left, right);
        if (left is null || right is null)
            return left is null && right is null;
        if (ValueNumbers.IsNumber(left))
            return ValueNumbers.IsNumber(right) && CompareNumbers(left, right) == 0;
        return (left, right) switch
        {
            (JinjaList x, JinjaList y) => SameItems(x, y),
            (JinjaTuple x, JinjaTuple y) => SameItems(x.Items, y.Items),
            (JinjaDict x, JinjaDict y) => SamePairs(x, y),
            (JinjaSet x, JinjaSet y) => x.Count == y.Count && x.IsSubsetOf(y),
            (JinjaRange x, JinjaRange y) => x.Items.SequenceEqual(y.Items),
            _ => left is not string && left.Equals(right),
        };
    }

    /// <exception cref="JinjaException">The value is mutable, so that it cannot be a key.</exception>
    public static int Hash(object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case null:
                return 0;
            case string text:
                return string.GetHashCode(text);
            case double number when number % 1 == 0 && Math.Abs(number) < 9e18:
                return ((long)number).GetHashCode();
            case bool flag:
                return (flag ? 1L : 0L).GetHashCode();
            case BigInteger number:
                return ((double)number).GetHashCode();
            case decimal number:
                return number % 1 == 0 && Math.Abs(number) < 9e18m ? ((long)number).GetHashCode() : ((double)number).GetHashCode();
            case JinjaTuple tuple:
                var hash = default(HashCode);
                foreach (var item in tuple.Items)
                    hash.Add(Hash(item));
                return hash.ToHashCode();
            case JinjaList or JinjaDict or JinjaSet:
                throw new JinjaException($"unhashable type: {ValueText.Quoted(value)}");
            default:
                return value.GetHashCode();
        }
    }

    /// <summary>Below zero, zero or above; fails for kinds that Python does not order.</summary>
    public static int Compare(object? left, object? right, string operation = "<")
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (left is string a && right is string b)
            return CompareCodePoints(a, b);
        if (ValueNumbers.IsNumber(left) && ValueNumbers.IsNumber(right))
            return CompareNumbers(left!, right!) ?? 1;
        return (left, right) switch
        {
            (JinjaList x, JinjaList y) => CompareItems(x, y, operation),
            (JinjaTuple x, JinjaTuple y) => CompareItems(x.Items, y.Items, operation),
            (IJinjaOperand x, _) when x.Compare(right) is { } order => order,
            (_, IJinjaOperand y) when y.Compare(left) is { } order => -order,
            (JinjaUndefined x, _) => throw x.Error(),
            (_, JinjaUndefined y) => throw y.Error(),
            _ => throw new JinjaException(
                $"'{operation}' not supported between instances of {ValueText.Quoted(left)} and {ValueText.Quoted(right)}"),
        };
    }

    /// <summary>The order of two numbers, exact between integers and floats; null if one is NaN.</summary>
    public static int? CompareNumbers(object left, object right)
    {
        if (left is long x && right is long y)
            return x.CompareTo(y);
        if (left is double a && right is double b)
            return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
        if (left is decimal || right is decimal)
            return CompareDecimals(left, right);
        if (left is double l)
            return -CompareNumbers(right, l);
        if (right is not double r)
            return ValueNumbers.ToBig(left).CompareTo(ValueNumbers.ToBig(right));
        if (double.IsNaN(r))
            return null;
        if (double.IsInfinity(r))
            return r > 0 ? -1 : 1;
        var whole = Math.Floor(r);
        var order = ValueNumbers.ToBig(left).CompareTo(new BigInteger(whole));
        return order == 0 && r > whole ? -1 : order;
    }

    private static int? CompareDecimals(object left, object right)
    {
        if (left is double or BigInteger || right is double or BigInteger)
            return CompareNumbers(ValueNumbers.ToDouble(left), ValueNumbers.ToDouble(right));
        return DecimalArithmetic.ToDecimal(left).CompareTo(DecimalArithmetic.ToDecimal(right));
    }

    /// <summary>Python orders strings by code point, not by UTF-16 unit.</summary>
    private static int CompareCodePoints(string left, string right)
    {
        var length = Math.Min(left.Length, right.Length);
        for (var i = 0; i < length; i++)
        {
            if (left[i] == right[i])
                continue;
            var bothSurrogate = char.IsSurrogate(left[i]) == char.IsSurrogate(right[i]);
            return bothSurrogate ? left[i].CompareTo(right[i]) : char.IsSurrogate(left[i]) ? 1 : -1;
        }

        return left.Length.CompareTo(right.Length);
    }

    private static int CompareItems(IReadOnlyList<object?> left, IReadOnlyList<object?> right, string operation)
    {
        for (var i = 0; i < Math.Min(left.Count, right.Count); i++)
        {
            if (!AreEqual(left[i], right[i]))
                return Compare(left[i], right[i], operation);
        }

        return left.Count.CompareTo(right.Count);
    }

    private static bool SameItems(IReadOnlyList<object?> left, IReadOnlyList<object?> right)
    {
        if (left.Count != right.Count)
            return false;
        for (var i = 0; i < left.Count; i++)
        {
            if (!ReferenceEquals(left[i], right[i]) && !AreEqual(left[i], right[i]))
                return false;
        }

        return true;
    }

    private static bool SamePairs(JinjaDict left, JinjaDict right) =>
        left.Count == right.Count
        && left.All(pair => right.TryGetValue(pair.Key, out var other) && AreEqual(pair.Value, other));

    private static bool BothUndefined(object? left, object? right)
    {
        (left as JinjaUndefined)?.RequireLenient();
        (right as JinjaUndefined)?.RequireLenient();
        return left is JinjaUndefined && right is JinjaUndefined;
    }
}
