namespace Tidemill.Jinja.Evaluation;

/// <summary>The names assigned in one block, and the scope around it. Loops, macros and with-blocks open one.</summary>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, object?> _values = [];

    public IReadOnlyDictionary<string, object?> Values => _values;

    public void Set(string name, object? value) => _values[name] = value;

    public void Clear() => _values.Clear();

    public bool TryGet(string name, out object? value)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
        {
            if (scope._values.TryGetValue(name, out value))
                return true;
        }

        value = null;
        return false;
    }

    private Scope? Parent { get; } = parent;
}
