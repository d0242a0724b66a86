using System.Text.RegularExpressions;

namespace Tidemill.Jinja.Evaluation;

/// <summary>
/// Breaks one line into lines of a width, as Python's <c>textwrap.wrap</c> without its changes of blanks: blanks at a break are dropped,
/// words may break after hyphens. Python library reference, "textwrap".
/// </summary>
internal sealed partial class TextWrap(int width, bool breaksLongWords, bool breaksOnHyphens)
{
    private readonly List<string> _lines = [];

    public static IReadOnlyList<string> Lines(string text, int width, bool breaksLongWords, bool breaksOnHyphens)
    {
        if (width <= 0)
            throw new JinjaException("wordwrap() wants a width above 0");
        var wrap = new TextWrap(width, breaksLongWords, breaksOnHyphens);
        var chunks = (breaksOnHyphens ? HyphenatedWords() : Words()).Split(text).Where(chunk => chunk.Length > 0);
        wrap.Fill(new Stack<string>(chunks.Reverse()));
        return wrap._lines;
    }

    private void Fill(Stack<string> chunks)
    {
        while (chunks.Count > 0)
        {
            var line = new List<string>();
            var length = 0;
            if (_lines.Count > 0 && IsBlank(chunks.Peek()))
                chunks.Pop();
            while (chunks.Count > 0 && length + CodePoints.Count(chunks.Peek()) <= width)
            {
                line.Add(chunks.Pop());
                length += CodePoints.Count(line[^1]);
            }

            if (chunks.Count > 0 && CodePoints.Count(chunks.Peek()) > width)
                Break(chunks, line, width - length);
            if (line.Count > 0 && IsBlank(line[^1]))
                line.RemoveAt(line.Count - 1);
            if (line.Count > 0)
                _lines.Add(string.Concat(line));
        }
    }

    /// <summary>Puts what fits of a word longer than a line into the rest of this one, or the whole word on a line of its own.</summary>
    private void Break(Stack<string> chunks, List<string> line, int room)
    {
        if (!breaksLongWords)
        {
            if (line.Count == 0)
                line.Add(chunks.Pop());
            return;
        }

        var chunk = chunks.Pop();
        var end = CodePoints.Offset(chunk, room);
        var hyphen = breaksOnHyphens && end > 0 ? chunk.LastIndexOf('-', end - 1) : -1;
        end = hyphen > 0 && chunk.AsSpan(0, hyphen).Trim('-').Length > 0 ? hyphen + 1 : end;
        line.Add(chunk[..end]);
        chunks.Push(chunk[end..]);
    }

    private static bool IsBlank(string text) => string.IsNullOrWhiteSpace(text);

    [GeneratedRegex(@"([\t\n\v\f\r ]+)")]
    private static partial Regex Words();

    /// <summary>Blanks; dashes between words; words, which end behind a hyphen between letters, before blanks, and before dashes.</summary>
    [GeneratedRegex(
        @"([\t\n\v\f\r ]+|(?<=[\w!""'&.,?])-{2,}(?=\w)|"
        + @"[^\t\n\v\f\r ]+?(?:-(?:(?<=[^\d\W]{2}-)|(?<=[^\d\W]-[^\d\W]-))(?=[^\d\W]-?[^\d\W])"
        + @"|(?=[\t\n\v\f\r ]|\z)|(?<=[\w!""'&.,?])(?=-{2,}\w)))")]
    private static partial Regex HyphenatedWords();
}
