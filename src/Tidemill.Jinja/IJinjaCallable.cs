namespace Tidemill.Jinja;

/// <summary>A value that templates can call.</summary>
public interface IJinjaCallable
{
    /// <summary>The name that errors give.</summary>
    string Name { get; }

    object? Call(CallArguments arguments);
}

/// <summary>A function, filter or test of the host. A filter and a test get the value first.</summary>
public delegate object? JinjaFunction(CallArguments arguments);

/// <summary>A host's function as a value.</summary>
public sealed class JinjaCallable(string name, JinjaFunction function) : IJinjaCallable
{
    public string Name { get; } = name;

    public object? Call(CallArguments arguments) => function(arguments);
}
