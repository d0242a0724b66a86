namespace Tidemill.DuckDb;

/// <summary>Quotes names and text for SQL.</summary>
public static class SqlQuoting
{
    /// <summary>The name as a quoted identifier: any text names exactly itself.</summary>
    public static string Identifier(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    /// <summary>The text as a string literal.</summary>
    public static string Literal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
    }
}
