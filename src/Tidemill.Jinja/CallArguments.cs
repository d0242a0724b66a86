using Tidemill.Jinja.Evaluation;

namespace Tidemill.Jinja;

/// <summary>The evaluated arguments of one call.</summary>
public sealed class CallArguments
{
    private readonly Interpreter? _interpreter;

    internal CallArguments(
        IReadOnlyList<object?> positional, IReadOnlyList<KeyValuePair<string, object?>> keywords, Interpreter? interpreter)
    {
        Positional = positional;
        Keywords = keywords;
        _interpreter = interpreter;
    }

    public IReadOnlyList<object?> Positional { get; }

    /// <summary>Named arguments in the order written; names are distinct.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Keywords { get; }

    /// <summary>Where the call stands in the template that is being evaluated.</summary>
    public SourcePosition Position => Interpreter.Position;

    internal Interpreter Interpreter => _interpreter ?? throw new JinjaException("called outside a rendering");

    /// <summary>Calls a macro or function within the rendering that made this call.</summary>
    public object? Call(
        IJinjaCallable callable, IReadOnlyList<object?> positional, IReadOnlyList<KeyValuePair<string, object?>>? keywords = null) =>
        JinjaValue.From(callable.Call(new CallArguments(positional, keywords ?? [], Interpreter)));

    /// <summary>Matches the arguments with a function's parameters, as Python does.</summary>
    /// <exception cref="JinjaException">A required argument is missing, or one is unknown, given twice or too many.</exception>
    public BoundArguments Bind(Signature signature)
    {
        var values = new object?[signature.Parameters.Count];
        Array.Fill(values, BoundArguments.Missing);
        if (Positional.Count > values.Length)
        {
            throw new JinjaException(
                $"{signature.Name}() takes at most {values.Length} arguments, {Positional.Count} were given");
        }

        for (var i = 0; i < Positional.Count; i++)
            values[i] = Positional[i];
        foreach (var (name, value) in Keywords)
        {
            var index = signature.IndexOf(name);
            if (index < 0)
                throw new JinjaException($"{signature.Name}() has no argument '{name}'");
            if (!ReferenceEquals(values[index], BoundArguments.Missing))
                throw new JinjaException($"{signature.Name}() got two values for '{name}'");
            values[index] = value;
        }

        for (var i = 0; i < signature.Required; i++)
        {
            if (ReferenceEquals(values[i], BoundArguments.Missing))
                throw new JinjaException($"{signature.Name}() misses its argument '{signature.Parameters[i]}'");
        }

        return new BoundArguments(values);
    }
}

/// <summary>A function's parameters; the first <paramref name="Required"/> have no default.</summary>
public sealed record Signature(string Name, int Required, params IReadOnlyList<string> Parameters)
{
    internal int IndexOf(string parameter)
    {
        for (var i = 0; i < Parameters.Count; i++)
        {
            if (Parameters[i] == parameter)
                return i;
        }

        return -1;
    }
}

/// <summary>Arguments by the place of their parameter.</summary>
public readonly struct BoundArguments
{
    internal static readonly object Missing = new();

    private readonly object?[] _values;

    internal BoundArguments(object?[] values) => _values = values;

    /// <summary>The argument, or None when it was not given.</summary>
    public object? this[int index] => Has(index) ? _values[index] : null;

    public bool Has(int index) => !ReferenceEquals(_values[index], Missing);

    public object? Get(int index, object? fallback) => Has(index) ? _values[index] : fallback;

    public string Text(int index, string fallback = "") => Has(index) ? JinjaValue.ToText(_values[index]) : fallback;

    public bool Flag(int index, bool fallback = false) => Has(index) ? JinjaValue.IsTrue(_values[index]) : fallback;

    /// <exception cref="JinjaException">The argument is not an integer of 64 bits.</exception>
    public long WholeNumber(int index, long fallback = 0) =>
        Has(index) ? ValueNumbers.RequireInteger(_values[index]) : fallback;
}
