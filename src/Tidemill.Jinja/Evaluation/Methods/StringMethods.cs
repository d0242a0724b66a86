namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>The methods of strings.</summary>
internal static class StringMethods
{
    private static readonly Signature One = new("method", 1, "value");
    private static readonly Signature Strip = new("strip", 0, "chars");
    private static readonly Signature Find3 = new("find", 1, "sub", "start", "end");
    private static readonly Signature SplitSignature = new("split", 0, "sep", "maxsplit");
    private static readonly Signature ReplaceSignature = new("replace", 2, "old", "new", "count");
    private static readonly Signature PadSignature = new("ljust", 1, "width", "fillchar");
    private static readonly Signature TabSignature = new("expandtabs", 0, "tabsize");
    private static readonly Signature LinesSignature = new("splitlines", 0, "keepends");

    public static JinjaCallable? Find(string text, string name) => Function(text, name) is { } method
        ? new JinjaCallable(name, method) : null;

    private static JinjaFunction? Function(string text, string name) => name switch
    {
        "upper" => NoArguments.Method(() => text.ToUpperInvariant()),
        "lower" or "casefold" => NoArguments.Method(() => text.ToLowerInvariant()),
        "title" => NoArguments.Method(() => TextCase.Title(text)),
        "capitalize" => NoArguments.Method(() => TextCase.Capitalize(text)),
        "swapcase" => NoArguments.Method(() => TextCase.Swap(text)),
        "strip" => arguments => Trim(text, arguments.Bind(Strip), atStart: true, atEnd: true),
        "lstrip" => arguments => Trim(text, arguments.Bind(Strip), atStart: true, atEnd: false),
        "rstrip" => arguments => Trim(text, arguments.Bind(Strip), atStart: false, atEnd: true),
        "split" => arguments => TextSplit.Split(text, arguments.Bind(SplitSignature)),
        "rsplit" => arguments => TextSplit.SplitFromEnd(text, arguments.Bind(SplitSignature)),
        "splitlines" => arguments => TextSplit.Lines(text, arguments.Bind(LinesSignature).Flag(0)),
        "partition" => arguments => TextSplit.Partition(text, Text(arguments.Bind(One)[0]), fromEnd: false),
        "rpartition" => arguments => TextSplit.Partition(text, Text(arguments.Bind(One)[0]), fromEnd: true),
        "join" => arguments => Join(text, arguments.Bind(One)[0]),
        "replace" => arguments => Replace(text, arguments.Bind(ReplaceSignature)),
        "format" => arguments => new BraceFormat(arguments.Interpreter, arguments.Positional, Named(arguments)).Apply(text),
        "format_map" => arguments => arguments.Bind(One)[0] is JinjaDict named
            ? new BraceFormat(arguments.Interpreter, [], named).Apply(text) : throw new JinjaException("format_map() wants a dict"),
        "expandtabs" => arguments => ExpandTabs(text, ValueNumbers.RequireSize(arguments.Bind(TabSignature).Get(0, 8L))),
        "zfill" => arguments => ZeroFill(text, ValueNumbers.RequireSize(arguments.Bind(One)[0])),
        "ljust" => arguments => Pad(text, '<', arguments.Bind(PadSignature)),
        "rjust" => arguments => Pad(text, '>', arguments.Bind(PadSignature)),
        "center" => arguments => Center(text, arguments.Bind(PadSignature)),
        "removeprefix" => arguments => Text(arguments.Bind(One)[0]) is var part && text.StartsWith(part, StringComparison.Ordinal)
            ? text[part.Length..]
            : text,
        "removesuffix" => arguments => Text(arguments.Bind(One)[0]) is var part && text.EndsWith(part, StringComparison.Ordinal)
            ? text[..^part.Length]
            : text,
        _ => Question(text, name),
    };

    private static JinjaFunction? Question(string text, string name) => name switch
    {
        "startswith" => arguments => AnyOf(arguments.Bind(One)[0], part => text.StartsWith(part, StringComparison.Ordinal)),
        "endswith" => arguments => AnyOf(arguments.Bind(One)[0], part => text.EndsWith(part, StringComparison.Ordinal)),
        "find" => arguments => IndexOf(text, arguments.Bind(Find3), fromEnd: false),
        "rfind" => arguments => IndexOf(text, arguments.Bind(Find3), fromEnd: true),
        "index" => arguments => IndexOf(text, arguments.Bind(Find3), fromEnd: false) is >= 0 and var found
            ? found : throw new JinjaException("substring not found"),
        "rindex" => arguments => IndexOf(text, arguments.Bind(Find3), fromEnd: true) is >= 0 and var found
            ? found : throw new JinjaException("substring not found"),
        "isascii" => NoArguments.Method(() => text.All(char.IsAscii)),
        "isprintable" => NoArguments.Method(() => PythonString.IsPrintable(text)),
        "istitle" => NoArguments.Method(() => text.Any(char.IsLetter) && TextCase.Title(text) == text),
        "count" => arguments => CountOf(text, Text(arguments.Bind(One)[0])),
        "isdigit" or "isdecimal" or "isnumeric" => NoArguments.Method(() => All(text, char.IsDigit)),
        "isalpha" => NoArguments.Method(() => All(text, char.IsLetter)),
        "isalnum" => NoArguments.Method(() => All(text, char.IsLetterOrDigit)),
        "isspace" => NoArguments.Method(() => All(text, char.IsWhiteSpace)),
        "isupper" => NoArguments.Method(() => text.Any(char.IsUpper) && !text.Any(char.IsLower)),
        "islower" => NoArguments.Method(() => text.Any(char.IsLower) && !text.Any(char.IsUpper)),
        "isidentifier" =>
            NoArguments.Method(() => text.Length > 0 && !char.IsDigit(text[0]) && text.All(c => char.IsLetterOrDigit(c) || c == '_')),
        _ => null,
    };

    public static string Text(object? value) =>
        value as string ?? throw new JinjaException($"a string is wanted, not {ValueText.TypeName(value)}");

    /// <summary>Python's <c>replace</c>; an empty old text stands between all characters.</summary>
    public static string Replace(string text, string old, string replacement, long count)
    {
        if (count == 0)
            return text;
        var wanted = old.Length == 0 ? (long)text.Length + 1 : text.Length / old.Length;
        if (replacement.Length * (double)Math.Min(wanted, count < 0 ? wanted : count) > 64 * 1024 * 1024)
            throw new JinjaException("a string would be too long");
        if (old.Length > 0 && count < 0)
            return text.Replace(old, replacement, StringComparison.Ordinal);
        var result = new System.Text.StringBuilder();
        var at = 0;
        while (count != 0 && at <= text.Length)
        {
            var found = old.Length == 0 ? at : text.IndexOf(old, at, StringComparison.Ordinal);
            if (found < 0)
                break;
            result.Append(text, at, found - at).Append(replacement);
            var step = old.Length > 0 ? 0 : found + 1 < text.Length && char.IsSurrogatePair(text[found], text[found + 1]) ? 2 : 1;
            result.Append(text, found, Math.Min(step, text.Length - found));
            at = found + old.Length + step;
            count--;
        }

        return at < text.Length ? result.Append(text, at, text.Length - at).ToString() : result.ToString();
    }

    public static string Trim(string text, string? letters, bool atStart, bool atEnd)
    {
        var chars = letters?.ToCharArray();
        if (chars is { Length: 0 })
            return text;
        text = atStart ? text.TrimStart(chars) : text;
        return atEnd ? text.TrimEnd(chars) : text;
    }

    public static string Center(string text, int width)
    {
        var missing = width - CodePoints.Count(text);
        if (missing <= 0)
            return text;
        var before = (missing / 2) + (missing & width & 1);
        return new string(' ', before) + text + new string(' ', missing - before);
    }

    private static string Trim(string text, BoundArguments arguments, bool atStart, bool atEnd) =>
        Trim(text, arguments[0] is null ? null : Text(arguments[0]), atStart, atEnd);

    private static string Join(string separator, object? items)
    {
        var result = new System.Text.StringBuilder();
        var isFirst = true;
        foreach (var item in ValueSequences.Items(items))
        {
            result.Append(isFirst ? "" : separator).Append(Text(item));
            isFirst = false;
        }

        return result.ToString();
    }

    private static JinjaDict Named(CallArguments arguments)
    {
        var named = new JinjaDict();
        foreach (var (name, value) in arguments.Keywords)
            named[name] = value;
        return named;
    }

    private static string ExpandTabs(string text, int size)
    {
        var result = new System.Text.StringBuilder();
        var column = 0;
        foreach (var c in text)
        {
            var blanks = c == '\t' && size > 0 ? size - (column % size) : 0;
            result.Append(c == '\t' ? new string(' ', blanks) : c.ToString());
            column = c is '\n' or '\r' ? 0 : c == '\t' ? column + blanks : column + (char.IsLowSurrogate(c) ? 0 : 1);
            if (result.Length > 64 * 1024 * 1024)
                throw new JinjaException("a string would be too long");
        }

        return result.ToString();
    }

    private static string Replace(string text, BoundArguments arguments) =>
        Replace(text, Text(arguments[0]), Text(arguments[1]), arguments.WholeNumber(2, -1));

    private static string ZeroFill(string text, int width)
    {
        var missing = width - CodePoints.Count(text);
        if (missing <= 0)
            return text;
        var sign = text.Length > 0 && text[0] is '+' or '-' ? 1 : 0;
        return text[..sign] + new string('0', missing) + text[sign..];
    }

    private static string Pad(string text, char align, BoundArguments arguments) => new FormatSpecification
    {
        Width = ValueNumbers.RequireSize(arguments[0]),
        Align = align,
        Fill = FillCharacter(arguments),
    }.Apply(text);

    private static string Center(string text, BoundArguments arguments)
    {
        var centered = Center(text, ValueNumbers.RequireSize(arguments[0]));
        var fill = FillCharacter(arguments);
        if (fill == ' ' || centered.Length == text.Length)
            return centered;
        var missing = centered.Length - text.Length;
        var width = CodePoints.Count(centered);
        var before = (missing / 2) + (missing & width & 1);
        return new string(fill, before) + text + new string(fill, missing - before);
    }

    private static char FillCharacter(BoundArguments arguments) => arguments.Text(1, " ") is [var fill]
        ? fill : throw new JinjaException("a fill is exactly one character");

    private static bool AnyOf(object? parts, Func<string, bool> predicate) =>
        parts is JinjaTuple tuple ? tuple.Items.Any(part => predicate(Text(part))) : predicate(Text(parts));

    /// <summary>Where a part first or last stands between two places, which count code points as the answer does; or -1.</summary>
    private static long IndexOf(string text, BoundArguments arguments, bool fromEnd)
    {
        var part = Text(arguments[0]);
        var length = CodePoints.Count(text);
        int Bound(int index, long fallback)
        {
            var bound = arguments[index] is null ? fallback : arguments.WholeNumber(index);
            return CodePoints.Offset(text, (int)Math.Clamp(bound < 0 ? bound + length : bound, 0, length));
        }

        var (start, end) = (Bound(1, 0), Bound(2, length));
        if (start > end)
            return -1;
        var range = text.AsSpan(start, end - start);
        var found = fromEnd ? range.LastIndexOf(part, StringComparison.Ordinal) : range.IndexOf(part, StringComparison.Ordinal);
        return found < 0 ? -1 : CodePoints.Count(text[..(found + start)]);
    }

    private static long CountOf(string text, string part)
    {
        if (part.Length == 0)
            return CodePoints.Count(text) + 1;
        var count = 0L;
        for (var at = text.IndexOf(
            part, StringComparison.Ordinal); at >= 0; at = text.IndexOf(part, at + part.Length, StringComparison.Ordinal))
        {
            count++;
        }

        return count;
    }

    private static bool All(string text, Func<char, bool> predicate) => text.Length > 0 && text.All(predicate);
}
