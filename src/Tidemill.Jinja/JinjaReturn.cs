using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja;

/// <summary>
/// The function <c>return(value)</c> of dbt: it ends the macro it stands in, and the value is what calling that macro gives.
/// Macros taken from <see cref="JinjaTemplate.Macros"/> end; a macro defined in a body, and a call block, pass it on to the one around.
/// </summary>
public sealed class JinjaReturn : IJinjaCallable
{
    private static readonly Signature Signature = new("return", 1, "data");

    private JinjaReturn()
    {
    }

    public static JinjaReturn Function { get; } = new();

    public string Name => Signature.Name;

    /// <summary>Unwinds to the macro; the interpreter spares the exception where <c>return()</c> is a statement of its own.</summary>
    public object? Call(CallArguments arguments) => throw new ReturnSignal(Value(arguments));

    internal static object? Value(CallArguments arguments) => arguments.Bind(Signature)[0];
}
