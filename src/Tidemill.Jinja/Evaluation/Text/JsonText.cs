using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Text;

namespace Tidemill.Jinja.Evaluation;

/// <summary>JSON in the layout of Python's <c>json.dumps</c>: ASCII, a blank after <c>,</c> and <c>:</c>.</summary>
internal static class JsonText
{
    public static string Write(object? value, bool sortKeys, int? indent = null)
    {
        var result = new StringBuilder();
        Append(result, value, sortKeys, indent, 0);
        return result.ToString();
    }

    private static void Append(StringBuilder result, object? value, bool sortKeys, int? indent, int depth)
    {
        RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case null:
                result.Append("null");
                break;
            case bool flag:
                result.Append(flag ? "true" : "false");
                break;
            case long or BigInteger:
                result.Append(ValueText.Print(value));
                break;
            case double number:
                result.Append(double.IsNaN(number) ? "NaN" : double.IsInfinity(number)
                    ? number > 0 ? "Infinity" : "-Infinity" : ValueText.Float(number));
                break;
            case string text:
                AppendString(result, text);
                break;
            case JinjaList or JinjaTuple:
                var items = value is JinjaList list ? list : ((JinjaTuple)value).Items;
                AppendAll(result, '[', items, ']', indent, depth, item => Append(result, item, sortKeys, indent, depth + 1));
                break;
            case JinjaDict dict:
                var pairs = sortKeys ? StableSort.Sort([.. dict], (a, b) => ValueEquality.Compare(a.Key, b.Key)) : [.. dict];
                AppendAll(result, '{', pairs, '}', indent, depth, pair =>
                {
                    AppendString(result, Key(pair.Key));
                    result.Append(": ");
                    Append(result, pair.Value, sortKeys, indent, depth + 1);
                });
                break;
            default:
                throw new JinjaException($"{ValueText.TypeName(value)} cannot be written as JSON");
        }
    }

    private static void AppendAll<T>(
        StringBuilder result, char open, IReadOnlyList<T> items, char close, int? indent, int depth, Action<T> append)
    {
        result.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                result.Append(indent is null ? ", " : ",");
            if (indent is { } width)
                result.Append('\n').Append(' ', width * (depth + 1));
            append(items[i]);
        }

        if (indent is { } outer && items.Count > 0)
            result.Append('\n').Append(' ', outer * depth);
        result.Append(close);
    }

    private static string Key(object? key) => key switch
    {
        string text => text,
        null => "null",
        bool flag => flag ? "true" : "false",
        long or double or BigInteger => ValueText.Print(key),
        _ => throw new JinjaException($"{ValueText.TypeName(key)} cannot be a key in JSON"),
    };

    private static void AppendString(StringBuilder result, string text)
    {
        result.Append('"');
        foreach (var c in text)
        {
            switch (c)
            {
                case '"' or '\\':
                    result.Append('\\').Append(c);
                    break;
                case '\n' or '\r' or '\t' or '\b' or '\f':
                    result.Append('\\').Append("nrtbf"["\n\r\t\b\f".IndexOf(c, StringComparison.Ordinal)]);
                    break;
                case < ' ' or > '~':
                    result.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
                    break;
                default:
                    result.Append(c);
                    break;
            }
        }

        result.Append('"');
    }
}
