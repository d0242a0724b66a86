using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja;

/// <summary>A parsed template. It is immutable: any number of threads may render it.</summary>
public sealed class JinjaTemplate
{
    private readonly JinjaEnvironment _environment;

    internal JinjaTemplate(JinjaEnvironment environment, string name, IReadOnlyList<Statement> body) =>
        (_environment, Name, Body, Macros) = (environment, name, body, FindMacros(name, body));

    /// <summary>The name that errors give, as a rule the file's path.</summary>
    public string Name { get; }

    /// <summary>
    /// The macros, and what block tags of the host define, at the top level of the template. They see their parameters and the context
    /// of the rendering that calls them, but not what the template assigns: a call of a sibling goes through the context, as dbt has it.
    /// </summary>
    public IReadOnlyList<JinjaMacro> Macros { get; }

    internal IReadOnlyList<Statement> Body { get; }

    /// <summary>Renders the template.</summary>
    /// <exception cref="JinjaException">The template fails; the error says where.</exception>
    public string Render(IJinjaContext context, CancellationToken cancellationToken = default) =>
        new Interpreter(_environment, context, cancellationToken).Render(this);

    /// <summary>Renders the template and keeps from which place of it each part of the output came.</summary>
    /// <exception cref="JinjaException">The template fails; the error says where.</exception>
    public JinjaRendering RenderMapped(IJinjaContext context, CancellationToken cancellationToken = default) =>
        new Interpreter(_environment, context, cancellationToken).RenderMapped(this);

    /// <summary>
    /// Renders the template as Jinja2's native environment does: one tag alone gives its value as it is, and anything else gives text.
    /// So does an expression of nothing but literals, which Jinja2 turns into text while it compiles.
    /// </summary>
    /// <exception cref="JinjaException">The template fails; the error says where.</exception>
    public object? RenderNative(IJinjaContext context, CancellationToken cancellationToken = default) =>
        new Interpreter(_environment, context, cancellationToken).RenderNative(this);

    /// <summary>Runs the template for what it assigns at its top level: variables, and macros that can be called.</summary>
    /// <exception cref="JinjaException">The template fails; the error says where.</exception>
    public IReadOnlyDictionary<string, object?> Load(IJinjaContext context, CancellationToken cancellationToken = default) =>
        new Interpreter(_environment, context, cancellationToken).Load(this);

    private static List<JinjaMacro> FindMacros(string name, IReadOnlyList<Statement> body)
    {
        var scope = new Scope(null);
        return [.. body.Select(statement => statement switch
        {
            MacroStatement macro => macro.Macro,
            DefinitionStatement definition => definition.Definition,
            _ => null,
        }).OfType<MacroDefinition>().Select(definition => new JinjaMacro(definition, scope, name, returns: true))];
    }
}
