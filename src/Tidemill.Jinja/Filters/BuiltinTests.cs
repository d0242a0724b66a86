using System.Numerics;
using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Filters;

/// <summary>Jinja2's tests: what may stand after <c>is</c>.</summary>
internal static class BuiltinTests
{
    private static readonly Signature Single = new("test", 1, "value");
    private static readonly Signature Pair = new("test", 2, "value", "other");

    public static IReadOnlyDictionary<string, JinjaFunction> All { get; } = Create();

    private static Dictionary<string, JinjaFunction> Create()
    {
        var tests = new Dictionary<string, JinjaFunction>
        {
            ["defined"] = Kind(value => value is not JinjaUndefined),
            ["undefined"] = Kind(value => value is JinjaUndefined),
            ["none"] = Kind(value => value is null),
            ["boolean"] = Kind(value => value is bool),
            ["true"] = Kind(value => value is true),
            ["false"] = Kind(value => value is false),
            ["integer"] = Kind(value => value is long or BigInteger),
            ["float"] = Kind(value => value is double),
            ["number"] = Kind(ValueNumbers.IsNumber),
            ["string"] = Kind(value => value is string),
            ["mapping"] = Kind(value => value is JinjaDict),
            ["sequence"] = Kind(value => value is string or JinjaList or JinjaTuple or JinjaDict or JinjaRange or JinjaUndefined),
            ["iterable"] = Kind(ValueSequences.IsIterable),
            ["callable"] = Kind(value => value is IJinjaCallable or JinjaUndefined),
            ["escaped"] = Kind(_ => false),
            ["lower"] = Kind(value => JinjaValue.ToText(value) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper)),
            ["upper"] = Kind(value => JinjaValue.ToText(value) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower)),
            ["odd"] = Kind(value => ValueEquality.AreEqual(Modulo(value, 2L), 1L)),
            ["even"] = Kind(value => ValueEquality.AreEqual(Modulo(value, 2L), 0L)),
            ["divisibleby"] = Two((value, divisor) => ValueEquality.AreEqual(Modulo(value, divisor), 0L)),
            ["sameas"] = Two(IsSame),
            ["in"] = Two((value, container) => ValueSequences.Contains(container, value)),
            ["filter"] = arguments => Name(arguments) is { } name && arguments.Interpreter.HasFilter(name),
            ["test"] = arguments => Name(arguments) is { } name && arguments.Interpreter.HasTest(name),
        };
        Compare(tests, ComparisonOperator.Equal, "eq", "equalto", "==");
        Compare(tests, ComparisonOperator.NotEqual, "ne", "!=");
        Compare(tests, ComparisonOperator.Greater, "gt", "greaterthan", ">");
        Compare(tests, ComparisonOperator.GreaterOrEqual, "ge", ">=");
        Compare(tests, ComparisonOperator.Less, "lt", "lessthan", "<");
        Compare(tests, ComparisonOperator.LessOrEqual, "le", "<=");
        return tests;
    }

    private static void Compare(Dictionary<string, JinjaFunction> tests, ComparisonOperator operation, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
            tests[name] = Two((left, right) => Interpreter.Compare(operation, left, right));
    }

    private static JinjaFunction Kind(Func<object?, bool> predicate) => arguments => arguments.Positional.Count == 1
        ? predicate(arguments.Positional[0]) : throw new JinjaException("this test takes no argument");

    private static JinjaFunction Two(Func<object?, object?, bool> predicate) => arguments =>
    {
        var bound = arguments.Bind(Pair);
        return predicate(bound[0], bound[1]);
    };

    /// <summary>The name asked for, or null for another value; one that cannot be a key is an error.</summary>
    private static string? Name(CallArguments arguments)
    {
        var value = arguments.Bind(Single)[0];
        ValueEquality.Hash(value);
        return value as string;
    }

    private static object? Modulo(object? value, object? divisor) => Arithmetic.Apply(BinaryOperator.Modulo, value, divisor);

    private static bool IsSame(object? left, object? right) => ReferenceEquals(left, right)
        || (left is bool or long or string && left.GetType() == right?.GetType() && left.Equals(right));
}
