namespace Tidemill.Jinja;

/// <summary>A template's output, and where in the template each part of it was written.</summary>
public sealed class JinjaRendering
{
    private readonly IReadOnlyList<(int Offset, SourcePosition Position, bool IsText)> _parts;

    internal JinjaRendering(string text, IReadOnlyList<(int Offset, SourcePosition Position, bool IsText)> parts) =>
        (Text, _parts) = (text, parts);

    public string Text { get; }

    /// <summary>The template's line that wrote a line of the output, both from 1; a tag's for what a tag printed.</summary>
    public int TemplateLine(int outputLine)
    {
        var lineStart = 0;
        for (var line = 1; line < outputLine && lineStart >= 0; line++)
            lineStart = Text.IndexOf('\n', lineStart) + 1 is > 0 and var next ? next : -1;
        if (lineStart < 0 || _parts.Count == 0)
            return 1;
        var part = _parts.LastOrDefault(candidate => candidate.Offset <= lineStart, _parts[0]);
        var lines = part.IsText && part.Offset < lineStart
            ? Text.AsSpan(part.Offset, lineStart - part.Offset).Count('\n') : 0;
        return part.Position.Line + lines;
    }
}
