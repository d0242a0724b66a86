namespace Tidemill.Jinja;

/// <summary>What a name, attribute or item that does not exist evaluates to. Two of them are equal, as in Jinja2.</summary>
public sealed class JinjaUndefined(string problem, UndefinedBehavior behavior)
{
    /// <summary>Why it is undefined, as an error message says it.</summary>
    public string Problem { get; } = problem;

    public UndefinedBehavior Behavior { get; } = behavior;

    internal JinjaException Error() => new(Problem);

    /// <summary>Fails if even printing or testing it is an error.</summary>
    internal void RequireLenient()
    {
        if (Behavior == UndefinedBehavior.Strict)
            throw Error();
    }
}
