using System.Text;
using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Evaluation.Methods;

namespace Tidemill.Jinja.Filters;

/// <summary>Filters that give text. What is no string becomes its text first.</summary>
internal static class TextFilters
{
    private static readonly Signature One = new("filter", 1, "value");
    private static readonly Signature CenterSignature = new("center", 1, "value", "width");
    private static readonly Signature IndentSignature = new("indent", 1, "s", "width", "first", "blank");
    private static readonly Signature ReplaceSignature = new("replace", 3, "s", "old", "new", "count");
    private static readonly Signature JsonSignature = new("tojson", 1, "value", "indent");
    private static readonly Signature TrimSignature = new("trim", 1, "value", "chars");
    private static readonly Signature TruncateSignature = new("truncate", 1, "s", "length", "killwords", "end", "leeway");

    public static object Capitalize(CallArguments arguments) => TextCase.Capitalize(arguments.Bind(One).Text(0));

    public static object Lower(CallArguments arguments) => arguments.Bind(One).Text(0).ToLowerInvariant();

    public static object Upper(CallArguments arguments) => arguments.Bind(One).Text(0).ToUpperInvariant();

    public static object Title(CallArguments arguments) => TextCase.TitleWords(arguments.Bind(One).Text(0));

    public static object Text(CallArguments arguments) => arguments.Bind(One).Text(0);

    public static object Center(CallArguments arguments)
    {
        var bound = arguments.Bind(CenterSignature);
        return StringMethods.Center(bound.Text(0), ValueNumbers.RequireSize(bound.Get(1, 80L)));
    }

    public static object Escape(CallArguments arguments) => Escaped(arguments.Bind(One).Text(0));

    public static string Escaped(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal).Replace("'", "&#39;", StringComparison.Ordinal)
        .Replace("\"", "&#34;", StringComparison.Ordinal);

    public static object Format(CallArguments arguments)
    {
        if (arguments.Positional.Count > 1 && arguments.Keywords.Count > 0)
            throw new JinjaException("format() takes positional or named arguments, not both");
        var format = JinjaValue.ToText(arguments.Positional[0]);
        if (arguments.Keywords.Count == 0)
            return PrintfFormat.Apply(format, new JinjaTuple([.. arguments.Positional.Skip(1)]));
        var named = new JinjaDict();
        foreach (var (name, value) in arguments.Keywords)
            named[name] = value;
        return PrintfFormat.Apply(format, named);
    }

    /// <summary>Indents all lines but the first; width may be the indentation itself.</summary>
    public static object Indent(CallArguments arguments)
    {
        var bound = arguments.Bind(IndentSignature);
        var indentation = bound[1] as string ?? new string(' ', Math.Max(0, ValueNumbers.RequireSize(bound.Get(1, 4L))));
        var blank = bound.Flag(3);
        var lines = TextSplit.Lines(StringMethods.Text(bound[0]) + "\n", keepsEnds: false).Cast<string>().ToList();
        var result = new StringBuilder();
        for (var i = 0; i < lines.Count; i++)
        {
            var isIndented = i == 0 ? bound.Flag(2) : blank || lines[i].Length > 0;
            result.Append(i == 0 ? "" : "\n").Append(isIndented ? indentation : "").Append(lines[i]);
            if (result.Length > 64 * 1024 * 1024)
                throw new JinjaException("a string would be too long");
        }

        return result.ToString();
    }

    public static object Replace(CallArguments arguments)
    {
        var bound = arguments.Bind(ReplaceSignature);
        return StringMethods.Replace(bound.Text(0), bound.Text(1), bound.Text(2), bound[3] is null ? -1 : bound.WholeNumber(3));
    }

    /// <summary>JSON with sorted keys; &lt; &gt; &amp; and ' are escaped as Jinja2 does for HTML.</summary>
    public static object ToJson(CallArguments arguments)
    {
        var bound = arguments.Bind(JsonSignature);
        var indent = bound[1] is null ? (int?)null : Math.Clamp(ValueNumbers.RequireSize(bound[1]), 0, 100);
        return JsonText.Write(bound[0], sortKeys: true, indent)
            .Replace("<", "\\u003c", StringComparison.Ordinal).Replace(">", "\\u003e", StringComparison.Ordinal)
            .Replace("&", "\\u0026", StringComparison.Ordinal).Replace("'", "\\u0027", StringComparison.Ordinal);
    }

    public static object Trim(CallArguments arguments)
    {
        var bound = arguments.Bind(TrimSignature);
        return StringMethods.Trim(bound.Text(0), bound[1] is null ? null : bound.Text(1), atStart: true, atEnd: true);
    }

    /// <summary>Cuts to a length unless the text is longer by the leeway or less; at a blank unless killwords.</summary>
    public static object? Truncate(CallArguments arguments)
    {
        var bound = arguments.Bind(TruncateSignature);
        var end = bound.Text(3, "...");
        var length = bound.WholeNumber(1, 255);
        var leeway = bound[4] is null ? 5 : bound.WholeNumber(4);
        if (length < end.Length)
            throw new JinjaException($"truncate() wants a length of at least {end.Length}");
        if (leeway < 0)
            throw new JinjaException("truncate() wants a leeway of at least 0");
        if (ValueSequences.Count(bound[0]) <= (Int128)length + leeway)
            return bound[0];
        var text = StringMethods.Text(bound[0]);
        var cut = text[..CodePoints.Offset(text, (int)(length - end.Length))];
        var blank = bound.Flag(2) ? -1 : cut.LastIndexOf(' ');
        return (blank < 0 ? cut : cut[..blank]) + end;
    }

    public static object UrlEncode(CallArguments arguments)
    {
        var value = arguments.Bind(One)[0];
        if (value is string || !ValueSequences.IsIterable(value))
            return Quote(JinjaValue.ToText(value), "/");
        var pairs = value is JinjaDict dict
            ? dict.Select(pair => (pair.Key, pair.Value))
            : ValueSequences.Items(value).Select(ValueSequences.ToList).Select(pair => pair.Count == 2
                ? (pair[0], pair[1]) : throw new JinjaException("urlencode() wants pairs of name and value"));
        return string.Join(
            '&', pairs.Select(pair => $"{Quote(JinjaValue.ToText(pair.Item1), "")}={Quote(JinjaValue.ToText(pair.Item2), "")}"));
    }

    public static object WordCount(CallArguments arguments)
    {
        var text = arguments.Bind(One).Text(0);
        var count = 0L;
        for (var i = 0; i < text.Length; i++)
        {
            var isWord = char.IsLetterOrDigit(text[i]) || text[i] == '_';
            count += isWord && (i == 0 || !(char.IsLetterOrDigit(text[i - 1]) || text[i - 1] == '_')) ? 1 : 0;
        }

        return count;
    }

    private static string Quote(string text, string kept)
    {
        var result = new StringBuilder(text.Length);
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            var c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || "_.-~".Contains(c, StringComparison.Ordinal) || kept.Contains(c, StringComparison.Ordinal))
                result.Append(c);
            else if (c == ' ' && kept.Length == 0)
                result.Append('+');
            else
                result.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return result.ToString();
    }
}
