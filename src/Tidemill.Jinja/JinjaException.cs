namespace Tidemill.Jinja;

/// <summary>
/// The one error of reading or rendering a template. <see cref="Problem"/> says what is wrong; the message adds where,
/// as <c>name:line:column</c>. A host function that fails is kept as the inner exception.
/// </summary>
public sealed class JinjaException : Exception
{
    private readonly List<JinjaMacro> _macros = [];

    /// <summary>An error of a function or filter; the place is added by the template that called it.</summary>
    public JinjaException(string problem, Exception? inner = null)
        : base(problem, inner) => Problem = problem;

    internal JinjaException(string problem, string templateName, SourcePosition position, Exception? inner = null)
        : base($"{templateName}:{position}: {problem}", inner)
    {
        Problem = problem;
        TemplateName = templateName;
        Line = position.Line;
        Column = position.Column;
    }

    public string Problem { get; }

    /// <summary>The macros of <see cref="JinjaTemplate.Macros"/> that were running, innermost first.</summary>
    public IReadOnlyList<JinjaMacro> Macros => _macros;

    /// <summary>The template's name, or null while the place is not known.</summary>
    public string? TemplateName { get; }

    /// <summary>The line, from 1; 0 while the place is not known.</summary>
    public int Line { get; }

    /// <summary>The column, from 1; 0 while the place is not known.</summary>
    public int Column { get; }

    internal JinjaException CalledBy(JinjaMacro macro)
    {
        if (macro.Returns)
            _macros.Add(macro);
        return this;
    }
}
