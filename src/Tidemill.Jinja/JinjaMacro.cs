using Tidemill.Jinja.Evaluation;
using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja;

/// <summary>A macro, or what another block tag defined as one, with the scope that its body sees besides its parameters.</summary>
public sealed class JinjaMacro : IJinjaCallable, IJinjaObject
{
    internal JinjaMacro(MacroDefinition definition, Scope scope, string templateName, bool returns = false) =>
        (Definition, Scope, TemplateName, Returns) = (definition, scope, templateName, returns);

    public string Name => Definition.Name;

    /// <summary>The tag that defined it: <c>macro</c>, or a name of <see cref="JinjaOptions.BlockTags"/>.</summary>
    public string Tag => Definition.Tag;

    /// <summary>The template that it stands in.</summary>
    public string TemplateName { get; }

    /// <summary>Where its tag stands.</summary>
    public SourcePosition Position => Definition.Position;

    public IReadOnlyList<string> Parameters => [.. Definition.Parameters.Select(parameter => parameter.Name)];

    /// <summary>
    /// The options of its tag as written behind the name: <c>default</c> is true there, <c>adapter='x'</c> is <c>x</c>, a list of
    /// strings is a <see cref="JinjaList"/>.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Options => Definition.Options;

    internal MacroDefinition Definition { get; }

    internal Scope Scope { get; }

    /// <summary>Whether <c>return()</c> in its body, or in what its body calls, ends it. Macros of the same template pass it on.</summary>
    internal bool Returns { get; }

    public object? Call(CallArguments arguments) => arguments.Interpreter.CallMacro(this, arguments);

    public bool TryGetAttribute(string name, out object? value)
    {
        value = name switch
        {
            "name" => Definition.IsAnonymous ? null : Name,
            "arguments" => new JinjaTuple([.. Parameters]),
            "catch_kwargs" => Definition.CatchesKeywords,
            "catch_varargs" => Definition.CatchesPositional,
            "caller" => Definition.UsesCaller,
            _ => BoundArguments.Missing,
        };
        return !ReferenceEquals(value, BoundArguments.Missing);
    }

    public string ToText() => Definition.IsAnonymous ? "<Macro anonymous>" : $"<Macro {PythonString.Quote(Name)}>";
}
