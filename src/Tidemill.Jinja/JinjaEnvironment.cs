using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Filters;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja;

/// <summary>
/// Options, globals, filters and tests that templates share. Change it before the first template renders;
/// after that it may be read by any number of threads.
/// </summary>
public sealed class JinjaEnvironment
{
    public JinjaEnvironment(JinjaOptions? options = null)
    {
        Options = options ?? new JinjaOptions();
        foreach (var (name, function) in BuiltinFunctions.All)
            Globals[name] = new JinjaCallable(name, function);
    }

    public JinjaOptions Options { get; }

    /// <summary>Names that every template sees, unless its context has them too.</summary>
    public IDictionary<string, object?> Globals { get; } = new Dictionary<string, object?>();

    /// <summary>Filters by name; Jinja2's are there.</summary>
    public IDictionary<string, JinjaFunction> Filters { get; } = new Dictionary<string, JinjaFunction>(BuiltinFilters.All);

    /// <summary>Tests by name; Jinja2's are there.</summary>
    public IDictionary<string, JinjaFunction> Tests { get; } = new Dictionary<string, JinjaFunction>(BuiltinTests.All);

    /// <summary>Calls a macro or function outside of any template, as a materialization is run.</summary>
    /// <exception cref="JinjaException">It fails; the error says where.</exception>
    public object? Call(
        IJinjaCallable callable,
        IJinjaContext context,
        IReadOnlyList<object?> positional,
        IReadOnlyList<KeyValuePair<string, object?>>? keywords = null,
        CancellationToken cancellationToken = default)
    {
        var interpreter = new Interpreter(this, context, cancellationToken);
        return interpreter.CallAlone(callable, new CallArguments([.. positional.Select(JinjaValue.From)], keywords ?? [], interpreter));
    }

    /// <summary>Parses a template.</summary>
    /// <exception cref="JinjaException">The template is not well formed.</exception>
    public JinjaTemplate Parse(string name, string source) => new(this, name, TemplateParser.Parse(name, source, Options));
}
