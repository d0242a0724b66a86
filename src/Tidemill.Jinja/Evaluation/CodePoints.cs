namespace Tidemill.Jinja.Evaluation;

/// <summary>Strings as Python sees them: sequences of code points. Text without surrogates takes the short way.</summary>
internal static class CodePoints
{
    public static int Count(string text)
    {
        var count = text.Length;
        for (var i = 0; i + 1 < text.Length; i++)
        {
            if (!char.IsSurrogatePair(text[i], text[i + 1]))
                continue;
            count--;
            i++;
        }

        return count;
    }

    /// <summary>The UTF-16 offset of a code point, or the text's end.</summary>
    public static int Offset(string text, int codePoint)
    {
        if (IsPlain(text))
            return Math.Min(codePoint, text.Length);
        var offset = 0;
        for (; codePoint > 0 && offset < text.Length; codePoint--)
            offset += offset + 1 < text.Length && char.IsSurrogatePair(text[offset], text[offset + 1]) ? 2 : 1;
        return offset;
    }

    public static bool IsPlain(string text) => !text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');

    public static IEnumerable<object?> Split(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                yield return text.Substring(i++, 2);
            else
                yield return text[i].ToString();
        }
    }
}
