namespace Tidemill.Jinja.Parsing;

/// <summary>Notes which of the names with a special meaning the bodies of the open macros use.</summary>
internal sealed class MacroNames
{
    private readonly List<Uses> _open = [];

    public void Use(string name)
    {
        foreach (var uses in _open)
        {
            uses.Varargs |= name == "varargs";
            uses.Kwargs |= name == "kwargs";
            uses.Caller |= name == "caller";
        }
    }

    public Uses Open()
    {
        var uses = new Uses();
        _open.Add(uses);
        return uses;
    }

    public void Close() => _open.RemoveAt(_open.Count - 1);

    internal sealed class Uses
    {
        public bool Varargs { get; set; }

        public bool Kwargs { get; set; }

        public bool Caller { get; set; }
    }
}
