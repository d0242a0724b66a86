namespace Tidemill.Jinja;

/// <summary>A place in a template; both numbers count from 1, columns in UTF-16 units.</summary>
public readonly record struct SourcePosition(int Line, int Column)
{
    public override string ToString() => $"{Line}:{Column}";
}
