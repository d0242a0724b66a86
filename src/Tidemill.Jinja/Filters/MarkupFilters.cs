using System.Globalization;
using System.Net;
using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Evaluation.Methods;

namespace Tidemill.Jinja.Filters;

/// <summary>Filters that lay text out for readers, and for HTML.</summary>
internal static class MarkupFilters
{
    private static readonly Signature One = new("filter", 1, "value");
    private static readonly Signature SizeSignature = new("filesizeformat", 1, "value", "binary");
    private static readonly Signature AttributesSignature = new("xmlattr", 1, "d", "autospace");
    private static readonly Signature WrapSignature =
        new("wordwrap", 1, "s", "width", "break_long_words", "wrapstring", "break_on_hyphens");

    private static readonly string[] Prefixes = ["k", "M", "G", "T", "P", "E", "Z", "Y"];

    /// <summary>A number of bytes for people: <c>4.1 MB</c>, or <c>3.9 MiB</c> when binary.</summary>
    public static object FileSize(CallArguments arguments)
    {
        var bound = arguments.Bind(SizeSignature);
        var bytes = NumberFilters.RequireFloat(bound[0]);
        var isBinary = bound.Flag(1);
        double unit = isBinary ? 1024 : 1000;
        if (bytes == 1)
            return "1 Byte";
        if (bytes < unit)
            return $"{ValueText.Print(ValueNumbers.Truncate(bytes))} Bytes";
        var power = 0;
        var scale = unit * unit;
        for (; power < Prefixes.Length - 1 && bytes >= scale; power++)
            scale *= unit;
        var prefix = isBinary ? Prefixes[power].ToUpperInvariant() + "i" : Prefixes[power];
        return $"{FixedPoint.Format(unit * bytes / scale, 1)} {prefix}B";
    }

    public static object PrettyPrinted(CallArguments arguments) => PrettyPrint.Format(arguments.Bind(One)[0]);

    /// <summary>Text without tags and comments, its blanks made single ones, and character references resolved.</summary>
    public static object StripTags(CallArguments arguments)
    {
        var text = Without(Without(arguments.Bind(One).Text(0), "<!--", "-->"), "<", ">");
        return WebUtility.HtmlDecode(string.Join(' ', TextSplit.Words(text)));
    }

    public static object WordWrap(CallArguments arguments)
    {
        var bound = arguments.Bind(WrapSignature);
        var newline = bound[3] is null ? "\n" : bound.Text(3);
        var width = ValueNumbers.RequireSize(bound.Get(1, 79L));
        return string.Join(newline, TextSplit.Lines(StringMethods.Text(bound[0]), keepsEnds: false)
            .Select(line => string.Join(newline, TextWrap.Lines((string)line!, width, bound.Flag(2, true), bound.Flag(4, true)))));
    }

    /// <summary>The pairs as attributes of an element; values that are none or undefined are left out.</summary>
    public static object XmlAttributes(CallArguments arguments)
    {
        var bound = arguments.Bind(AttributesSignature);
        if (bound[0] is not JinjaDict dict)
            throw new JinjaException($"xmlattr() wants a dict, not {ValueText.TypeName(bound[0])}");
        var attributes = new List<string>();
        foreach (var (key, value) in dict)
        {
            if (value is null or JinjaUndefined)
                continue;
            var name = StringMethods.Text(key);
            if (name.Any(c => char.IsWhiteSpace(c) || c is '/' or '>' or '='))
                throw new JinjaException($"Invalid character in attribute name: {PythonString.Quote(name)}");
            attributes.Add(string.Create(
                CultureInfo.InvariantCulture, $"{TextFilters.Escaped(name)}=\"{TextFilters.Escaped(JinjaValue.ToText(value))}\""));
        }

        var text = string.Join(' ', attributes);
        return text.Length > 0 && bound.Flag(1, true) ? " " + text : text;
    }

    /// <summary>The text without what stands between two marks, up to the first one that is not closed.</summary>
    private static string Without(string text, string open, string close)
    {
        var kept = new System.Text.StringBuilder();
        var at = 0;
        for (var start = text.IndexOf(open, StringComparison.Ordinal); start >= 0; start = text.IndexOf(open, at, StringComparison.Ordinal))
        {
            var end = text.IndexOf(close, start, StringComparison.Ordinal);
            if (end < 0)
                break;
            kept.Append(text, at, start - at);
            at = end + close.Length;
        }

        return kept.Append(text, at, text.Length - at).ToString();
    }
}
