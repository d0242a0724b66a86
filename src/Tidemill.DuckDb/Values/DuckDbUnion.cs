namespace Tidemill.DuckDb;

/// <summary>A value of a UNION: the member's name and its value.</summary>
public sealed record DuckDbUnion(string Tag, object? Value);
