namespace Tidemill.Jinja;

/// <summary>A list as Python's: mutable, compared by its items.</summary>
public sealed class JinjaList : List<object?>
{
    public JinjaList()
    {
    }

    public JinjaList(IEnumerable<object?> items)
        : base(items)
    {
    }
}
