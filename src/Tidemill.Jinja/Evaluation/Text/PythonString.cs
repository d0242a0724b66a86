using System.Globalization;
using System.Text;

namespace Tidemill.Jinja.Evaluation;

/// <summary>Python's <c>repr()</c> of strings: single quotes unless only single ones occur, escapes for what does not print.</summary>
internal static class PythonString
{
    public static string Quote(string text)
    {
        var result = new StringBuilder(text.Length + 2);
        AppendQuoted(result, text);
        return result.ToString();
    }

    public static void AppendQuoted(StringBuilder result, string text)
    {
        var quote = text.Contains('\'', StringComparison.Ordinal) && !text.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        result.Append(quote);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == quote || c == '\\')
                result.Append('\\').Append(c);
            else if (c is '\n' or '\r' or '\t')
                result.Append(c switch { '\n' => "\\n", '\r' => "\\r", _ => "\\t" });
            else if (i + 1 < text.Length && char.IsSurrogatePair(c, text[i + 1]))
                AppendPair(result, text, i++);
            else if (IsPrintable(CharUnicodeInfo.GetUnicodeCategory(c), c))
                result.Append(c);
            else
                result.Append(c < 0x100 ? $"\\x{(int)c:x2}" : $"\\u{(int)c:x4}");
        }

        result.Append(quote);
    }

    /// <summary>Python's <c>str.isprintable()</c>.</summary>
    public static bool IsPrintable(string text) =>
        text.EnumerateRunes().All(rune => IsPrintable(Rune.GetUnicodeCategory(rune), rune.IsBmp ? (char)rune.Value : '\0'));

    private static void AppendPair(StringBuilder result, string text, int at)
    {
        var rune = new Rune(text[at], text[at + 1]);
        if (IsPrintable(Rune.GetUnicodeCategory(rune), '\0'))
            result.Append(text, at, 2);
        else
            result.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
    }

    private static bool IsPrintable(UnicodeCategory category, char c) => c == ' ' || category is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.SpaceSeparator);
}
