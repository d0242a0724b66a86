using Tidemill.Jinja.Parsing;

namespace Tidemill.Jinja.Evaluation;

/// <summary>A macro with the scope that its body sees besides its parameters, and the template it stands in.</summary>
internal sealed class Macro(MacroDefinition definition, Scope scope, string templateName) : IJinjaCallable, IJinjaObject
{
    public string Name => Definition.Name;

    public MacroDefinition Definition { get; } = definition;

    public Scope Scope { get; } = scope;

    public string TemplateName { get; } = templateName;

    public object? Call(CallArguments arguments) => arguments.Interpreter.CallMacro(this, arguments);

    public bool TryGetAttribute(string name, out object? value)
    {
        value = name switch
        {
            "name" => Name,
            "arguments" => new JinjaTuple([.. Definition.Parameters.Select(parameter => parameter.Name)]),
            "catch_kwargs" => Definition.CatchesKeywords,
            "catch_varargs" => Definition.CatchesPositional,
            "caller" => Definition.UsesCaller,
            _ => null,
        };
        return value is not null;
    }

    public string ToText() => $"<Macro {PythonString.Quote(Name)}>";
}
