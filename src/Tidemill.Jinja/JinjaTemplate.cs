using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja;

/// <summary>A parsed template. It is immutable: any number of threads may render it.</summary>
public sealed class JinjaTemplate
{
    private readonly JinjaEnvironment _environment;

    internal JinjaTemplate(JinjaEnvironment environment, string name, IReadOnlyList<Statement> body) =>
        (_environment, Name, Body) = (environment, name, body);

    /// <summary>The name that errors give, as a rule the file's path.</summary>
    public string Name { get; }

    internal IReadOnlyList<Statement> Body { get; }

    /// <summary>Renders the template.</summary>
    /// <exception cref="JinjaException">The template fails; the error says where.</exception>
    public string Render(IJinjaContext context, CancellationToken cancellationToken = default) =>
        new Interpreter(_environment, context, cancellationToken).Render(this);

    /// <summary>Renders the template and keeps from which place of it each part of the output came.</summary>
    /// <exception cref="JinjaException">The template fails; the error says where.</exception>
    public JinjaRendering RenderMapped(IJinjaContext context, CancellationToken cancellationToken = default) =>
        new Interpreter(_environment, context, cancellationToken).RenderMapped(this);

    /// <summary>Runs the template for what it assigns at its top level: variables, and macros that can be called.</summary>
    /// <exception cref="JinjaException">The template fails; the error says where.</exception>
    public IReadOnlyDictionary<string, object?> Load(IJinjaContext context, CancellationToken cancellationToken = default) =>
        new Interpreter(_environment, context, cancellationToken).Load(this);
}
