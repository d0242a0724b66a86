namespace Tidemill.Jinja.Evaluation.Methods;

/// <summary>Methods that take no arguments, and say so when they get some.</summary>
internal static class NoArguments
{
    private static readonly Signature Signature = new("method", 0);

    public static JinjaFunction Method(Func<object?> body) => arguments =>
    {
        arguments.Bind(Signature);
        return body();
    };
}
