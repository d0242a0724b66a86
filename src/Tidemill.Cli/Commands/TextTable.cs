using System.Text.Json;
using Spectre.Console;

namespace Tidemill.Cli.Commands;

/// <summary>Tables on a terminal, of what the API answers.</summary>
internal static class TextTable
{
    /// <summary>Writes nothing when there are no rows.</summary>
    public static void Write(IReadOnlyList<string> columns, IEnumerable<string[]> rows)
    {
        var table = new Table().Border(TableBorder.Rounded).AddColumns([.. columns.Select(Markup.Escape)]);
        foreach (var row in rows)
            table.AddRow([.. row.Select(Markup.Escape)]);

        if (table.Rows.Count > 0)
            AnsiConsole.Write(table);
    }

    /// <summary>A property's name as a column's: <c>lastError</c> is last error.</summary>
    public static string Title(string property) =>
        string.Concat(property.Select(c => char.IsAsciiLetterUpper(c) ? $" {char.ToLowerInvariant(c)}" : c.ToString()));

    /// <summary>A property as text; empty when it is absent or null.</summary>
    public static string Cell(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value.ToString() : "";
}
