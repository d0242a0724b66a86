using System.Text;
using System.Text.RegularExpressions;

namespace Tidemill.Jinja.Evaluation;

/// <summary>
/// Python's <c>pprint.pformat</c>: what is wider than 80 columns has an item a line, dicts are sorted by key, long strings are broken at
/// blanks. Python library reference, "pprint".
/// </summary>
internal sealed partial class PrettyPrint
{
    private const int Width = 80;

    private readonly StringBuilder _result = new();

    public static string Format(object? value)
    {
        var print = new PrettyPrint();
        print.Append(value, indent: 0, allowance: 0, level: 0);
        return print._result.ToString();
    }

    /// <summary><paramref name="allowance"/> is the room for what closes the values around this one.</summary>
    private void Append(object? value, int indent, int allowance, int level)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        var compact = ValueText.Represent(Sorted(value));
        switch (value)
        {
            case var _ when compact.Length <= Width - indent - allowance:
                _result.Append(compact);
                break;
            case string { Length: > 0 } text:
                AppendText(text, indent, allowance, level);
                break;
            case JinjaList list:
                AppendItems('[', list, "]", indent, allowance, level);
                break;
            case JinjaTuple tuple:
                AppendItems('(', tuple.Items, tuple.Items.Count == 1 ? ",)" : ")", indent, allowance, level);
                break;
            case JinjaDict dict:
                AppendPairs(Sort(dict), indent, allowance, level);
                break;
            default:
                _result.Append(compact);
                break;
        }
    }

    private void AppendItems(char open, IReadOnlyList<object?> items, string close, int indent, int allowance, int level)
    {
        _result.Append(open);
        for (var i = 0; i < items.Count; i++)
        {
            if (i > 0)
                _result.Append(",\n").Append(' ', indent + 1);
            Append(items[i], indent + 1, i == items.Count - 1 ? allowance + close.Length : 1, level + 1);
        }

        _result.Append(close);
    }

    private void AppendPairs(List<KeyValuePair<object?, object?>> pairs, int indent, int allowance, int level)
    {
        _result.Append('{');
        for (var i = 0; i < pairs.Count; i++)
        {
            if (i > 0)
                _result.Append(",\n").Append(' ', indent + 1);
            var key = ValueText.Represent(pairs[i].Key);
            _result.Append(key).Append(": ");
            Append(pairs[i].Value, indent + 1 + key.Length + 2, i == pairs.Count - 1 ? allowance + 1 : 1, level + 1);
        }

        _result.Append('}');
    }

    private void AppendText(string text, int indent, int allowance, int level)
    {
        var isOuter = level == 0;
        indent += isOuter ? 1 : 0;
        allowance += isOuter ? 1 : 0;
        var chunks = Chunks(text, Width - indent, allowance);
        if (chunks.Count == 1)
        {
            _result.Append(chunks[0]);
            return;
        }

        _result.Append(isOuter ? "(" : "").AppendJoin("\n" + new string(' ', indent), chunks).Append(isOuter ? ")" : "");
    }

    private static List<string> Chunks(string text, int width, int allowance)
    {
        var chunks = new List<string>();
        var lines = Methods.TextSplit.Lines(text, keepsEnds: true);
        for (var i = 0; i < lines.Count; i++)
        {
            var line = (string)lines[i]!;
            var isLast = i == lines.Count - 1;
            if (PythonString.Quote(line).Length <= width - (isLast ? allowance : 0))
            {
                chunks.Add(PythonString.Quote(line));
                continue;
            }

            var current = "";
            var parts = Parts().Matches(line).Select(match => match.Value).Where(part => part.Length > 0).ToList();
            for (var j = 0; j < parts.Count; j++)
            {
                var room = width - (isLast && j == parts.Count - 1 ? allowance : 0);
                var isFull = PythonString.Quote(current + parts[j]).Length > room;
                if (isFull && current.Length > 0)
                    chunks.Add(PythonString.Quote(current));
                current = isFull ? parts[j] : current + parts[j];
            }

            if (current.Length > 0)
                chunks.Add(PythonString.Quote(current));
        }

        return chunks;
    }

    /// <summary>The value with all its dicts sorted, as its short form prints them.</summary>
    private static object? Sorted(object? value)
    {
        System.Runtime.CompilerServices.RuntimeHelpers.EnsureSufficientExecutionStack();
        switch (value)
        {
            case JinjaList list:
                return new JinjaList(list.Select(Sorted));
            case JinjaTuple tuple:
                return new JinjaTuple([.. tuple.Items.Select(Sorted)]);
            case JinjaDict dict:
                var sorted = new JinjaDict();
                foreach (var (key, item) in Sort(dict))
                    sorted[key] = Sorted(item);
                return sorted;
            default:
                return value;
        }
    }

    /// <summary>By key; keys that Python does not order go by the names of their types.</summary>
    private static List<KeyValuePair<object?, object?>> Sort(JinjaDict dict) => StableSort.Sort([.. dict], (left, right) =>
    {
        try
        {
            return ValueEquality.Compare(left.Key, right.Key);
        }
        catch (JinjaException)
        {
            return string.CompareOrdinal(ValueText.ClassName(left.Key), ValueText.ClassName(right.Key));
        }
    });

    [GeneratedRegex(@"\S*\s*")]
    private static partial Regex Parts();
}
