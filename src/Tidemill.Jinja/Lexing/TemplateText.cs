namespace Tidemill.Jinja.Lexing;

/// <summary>A template's text with newlines made <c>\n</c>, and the line and column of each offset in it.</summary>
internal sealed class TemplateText
{
    private readonly List<int> _lineStarts = [0];

    public TemplateText(string name, string source, bool keepTrailingNewline)
    {
        Name = name;
        var text = source.Contains('\r', StringComparison.Ordinal)
            ? source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n') : source;
        Text = !keepTrailingNewline && text.EndsWith('\n') ? text[..^1] : text;
        for (var i = Text.IndexOf('\n', StringComparison.Ordinal); i >= 0; i = Text.IndexOf('\n', i + 1))
            _lineStarts.Add(i + 1);
    }

    public string Name { get; }

    public string Text { get; }

    public SourcePosition PositionOf(int offset)
    {
        var found = _lineStarts.BinarySearch(offset);
        var line = found >= 0 ? found : ~found - 1;
        return new SourcePosition(line + 1, offset - _lineStarts[line] + 1);
    }

    public JinjaException Error(string problem, int offset) => new(problem, Name, PositionOf(offset));
}
