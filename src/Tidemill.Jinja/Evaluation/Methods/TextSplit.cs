namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>Python's <c>split</c>, <c>rsplit</c>, <c>splitlines</c> and <c>partition</c>.</summary>
internal static class TextSplit
{
    public static JinjaList Split(string text, BoundArguments arguments)
    {
        var most = arguments.WholeNumber(1, -1);
        if (arguments[0] is null)
            return SplitAtBlanks(text, most);
        var separator = Separator(arguments[0]);
        var parts = new JinjaList();
        var at = 0;
        while (most < 0 || parts.Count < most)
        {
            var found = text.IndexOf(separator, at, StringComparison.Ordinal);
            if (found < 0)
                break;
            parts.Add(text[at..found]);
            at = found + separator.Length;
        }

        parts.Add(text[at..]);
        return parts;
    }

    public static JinjaList SplitFromEnd(string text, BoundArguments arguments)
    {
        var most = arguments.WholeNumber(1, -1);
        if (most < 0)
            return Split(text, arguments);
        var parts = new JinjaList();
        var separator = arguments[0] is null ? null : Separator(arguments[0]);
        var end = text.Length;
        while (parts.Count < most)
        {
            end = separator is null ? text.AsSpan(0, end).TrimEnd().Length : end;
            var found = separator is null ? LastBlank(text, end) : text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal);
            if (found < 0)
                break;
            parts.Add(text[(found + (separator?.Length ?? 1))..end]);
            end = found;
        }

        var rest = separator is null ? text[..end].TrimEnd().TrimStart() : text[..end];
        if (separator is not null || rest.Length > 0)
            parts.Add(separator is null ? text[..end].TrimEnd() : rest);
        parts.Reverse();
        return parts;
    }

    public static JinjaList Lines(string text, bool keepsEnds)
    {
        var lines = new JinjaList();
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is not ('\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029'))
                continue;
            var end = i;
            i += text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? 1 : 0;
            lines.Add(keepsEnds ? text[start..(i + 1)] : text[start..end]);
            start = i + 1;
        }

        if (start < text.Length)
            lines.Add(text[start..]);
        return lines;
    }

    public static JinjaTuple Partition(string text, string separator, bool fromEnd)
    {
        Separator(separator);
        var at = fromEnd ? text.LastIndexOf(separator, StringComparison.Ordinal) : text.IndexOf(separator, StringComparison.Ordinal);
        if (at < 0)
            return fromEnd ? new JinjaTuple(["", "", text]) : new JinjaTuple([text, "", ""]);
        return new JinjaTuple([text[..at], separator, text[(at + separator.Length)..]]);
    }

    /// <summary>The words between blanks.</summary>
    public static IEnumerable<string> Words(string text) => SplitAtBlanks(text, -1).Cast<string>();

    private static string Separator(object? value) => StringMethods.Text(value) is { Length: > 0 } separator
        ? separator : throw new JinjaException("a separator must not be empty");

    private static JinjaList SplitAtBlanks(string text, long most)
    {
        var parts = new JinjaList();
        var at = 0;
        while (true)
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
                at++;
            if (at == text.Length)
                return parts;
            var start = at;
            if (most >= 0 && parts.Count >= most)
            {
                parts.Add(text[start..]);
                return parts;
            }

            while (at < text.Length && !char.IsWhiteSpace(text[at]))
                at++;
            parts.Add(text[start..at]);
        }
    }

    private static int LastBlank(string text, int end)
    {
        for (var i = end - 1; i >= 0; i--)
        {
            if (char.IsWhiteSpace(text[i]))
                return i;
        }

        return -1;
    }
}
