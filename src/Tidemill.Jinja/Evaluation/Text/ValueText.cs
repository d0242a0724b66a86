using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Values as Python prints them: <c>str()</c> and <c>repr()</c>.</summary>
internal sealed class ValueText(StringBuilder result)
{
    private const int MaxCharacters = 64 * 1024 * 1024;

    /// <summary>The containers that are being printed, so that one that holds itself ends.</summary>
    private readonly List<object?> _open = [];

    public static string Print(object? value)
    {
        if (value is string text)
            return text;
        if (value is decimal number)
            return DecimalArithmetic.Print(number);
        if (value is not JinjaUndefined undefined)
            return Represent(value);
        undefined.RequireLenient();
        return "";
    }

    public static string Represent(object? value)
    {
        switch (value)
        {
            case null:
                return "None";
            case bool flag:
                return flag ? "True" : "False";
            case long number:
                return number.ToString(CultureInfo.InvariantCulture);
            case double number:
                return Float(number);
            default:
                var result = new StringBuilder();
                new ValueText(result).Append(value);
                return result.ToString();
        }
    }

    /// <summary>Python's name of the value's class.</summary>
    public static string ClassName(object? value) => value switch
    {
        null => "NoneType",
        decimal => "decimal.Decimal",
        IJinjaCallable => "function",
        IJinjaOperand operand => operand.TypeName,
        DictView view => "dict_" + view.Kind.ToString().ToLowerInvariant(),
        _ => TypeName(value),
    };

    /// <summary>The class as an operator's error names it: <c>'int'</c>.</summary>
    public static string Quoted(object? value) => $"'{ClassName(value)}'";

    /// <summary>The value as an error of Python names it: <c>'int' object</c>.</summary>
    public static string Object(object? value) => $"'{ClassName(value)}' object";

    public static string TypeName(object? value) => value switch
    {
        null => "None",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        JinjaList => "list",
        JinjaTuple => "tuple",
        JinjaDict => "dict",
        JinjaSet => "set",
        decimal => "Decimal",
        JinjaRange => "range",
        JinjaGenerator => "generator",
        JinjaUndefined => "Undefined",
        IJinjaCallable callable => $"function '{callable.Name}'",
        _ => "object",
    };

    /// <summary>The shortest digits that read back equal, in Python's layout: an exponent below 1e-4 and from 1e16.</summary>
    public static string Float(double value)
    {
        if (double.IsNaN(value))
            return "nan";
        if (double.IsInfinity(value))
            return value > 0 ? "inf" : "-inf";
        if (value == 0)
            return double.IsNegative(value) ? "-0.0" : "0.0";
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var sign = shortest.StartsWith('-') ? "-" : "";
        var digits = DigitsOf(shortest, out var exponent);
        if (exponent is < -4 or >= 16)
        {
            var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
            return $"{sign}{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture)}";
        }

        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        var whole = digits.PadRight(exponent + 1, '0');
        var fraction = whole[(exponent + 1)..];
        return $"{sign}{whole[..(exponent + 1)]}.{(fraction.Length == 0 ? "0" : fraction)}";
    }

    /// <summary>The significant digits of a round-trip text, and the power of ten of the first one.</summary>
    private static string DigitsOf(string text, out int exponent)
    {
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var power = mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), provider: CultureInfo.InvariantCulture);
        var plain = (mark < 0 ? text : text[..mark]).TrimStart('-');
        var point = plain.IndexOf('.', StringComparison.Ordinal);
        var all = plain.Replace(".", "", StringComparison.Ordinal);
        var leading = all.Length - all.TrimStart('0').Length;
        exponent = power + (point < 0 ? plain.Length : point) - 1 - leading;
        return all.Trim('0');
    }

    private void Append(object? value)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        if (result.Length > MaxCharacters)
            throw new JinjaException("a value is too large to print");
        switch (value)
        {
            case string text:
                PythonString.AppendQuoted(result, text);
                break;
            case BigInteger number:
                result.Append(number.ToString(CultureInfo.InvariantCulture));
                break;
            case JinjaList or JinjaDict or JinjaTuple when _open.Exists(outer => ReferenceEquals(outer, value)):
                result.Append(value switch { JinjaList => "[...]", JinjaDict => "{...}", _ => "(...)" });
                break;
            case JinjaList list:
                AppendItems("[", list, "]", list);
                break;
            case JinjaTuple tuple:
                AppendItems("(", tuple.Items, tuple.Items.Count == 1 ? ",)" : ")", tuple);
                break;
            case JinjaDict dict:
                AppendDict(dict);
                break;
            case decimal number:
                result.Append(CultureInfo.InvariantCulture, $"Decimal('{DecimalArithmetic.Print(number)}')");
                break;
            case JinjaSet { Count: 0 }:
                result.Append("set()");
                break;
            case JinjaSet set:
                AppendItems("{", [.. set], "}");
                break;
            case JinjaRange range:
                result.Append(CultureInfo.InvariantCulture, $"range({range.Start}, {range.Stop}");
                result.Append(range.Step == 1 ? ")" : $", {range.Step})");
                break;
            case DictView view:
                AppendItems($"dict_{view.Kind.ToString().ToLowerInvariant()}([", [.. view.Items], "])");
                break;
            default:
                result.Append(Opaque(value));
                break;
        }
    }

    private static string Opaque(object? value) => value switch
    {
        null or bool or long or double => Represent(value),
        JinjaUndefined => "Undefined",
        IJinjaObject host => host.ToText(),
        IJinjaCallable callable => $"<function {callable.Name}>",
        JinjaGenerator => "<generator object>",
        _ => $"<{value.GetType().Name}>",
    };

    private void AppendItems(string open, IReadOnlyList<object?> items, string close, object? owner = null)
    {
        _open.Add(owner);
        result.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                result.Append(", ");
            Append(items[i]);
        }

        result.Append(close);
        _open.RemoveAt(_open.Count - 1);
    }

    private void AppendDict(JinjaDict dict)
    {
        _open.Add(dict);
        result.Append('{');
        var first = true;
        foreach (var (key, value) in dict)
        {
            if (!first)
                result.Append(", ");
            first = false;
            Append(key);
            result.Append(": ");
            Append(value);
        }

        result.Append('}');
        _open.RemoveAt(_open.Count - 1);
    }
}
