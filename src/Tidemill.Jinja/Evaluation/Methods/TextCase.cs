namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>Python's changes of case.</summary>
internal static class TextCase
{
    public static string Capitalize(string text) =>
        text.Length == 0 ? text : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();

    /// <summary>A capital after everything that is no letter: <c>it's</c> becomes <c>It'S</c>, as <c>str.title()</c>.</summary>
    public static string Title(string text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            var startsWord = i == 0 || !char.IsLetter(source[i - 1]);
            target[i] = startsWord ? char.ToUpperInvariant(source[i]) : char.ToLowerInvariant(source[i]);
        }
    });

    public static string Swap(string text) => string.Concat(
        text.Select(c => char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c)));

    /// <summary>A capital after blanks, hyphens and opening brackets, as the <c>title</c> filter has it.</summary>
    public static string TitleWords(string text) => string.Create(text.Length, text, static (target, source) =>
    {
        for (var i = 0; i < source.Length; i++)
        {
            var startsWord = i == 0 || source[i - 1] is '-' or '(' or '{' or '[' or '<' || char.IsWhiteSpace(source[i - 1]);
            target[i] = startsWord ? char.ToUpperInvariant(source[i]) : char.ToLowerInvariant(source[i]);
        }
    });
}
