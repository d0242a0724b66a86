using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Checks lists of column names; names compare without regard to case, as in SQL.</summary>
public static class ColumnCheck
{
    /// <param name="names">The names, as written under <paramref name="key"/>.</param>
    /// <param name="key">The key they stand under.</param>
    /// <param name="known">Columns there are; null: not known here.</param>
    /// <param name="section">The mapping that holds the key.</param>
    public static void Names(IReadOnlyList<ScalarNode> names, string key, IReadOnlyCollection<string>? known, Section section)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var name in names)
        {
            if (!seen.Add(name.Text))
                section.Error(key, name.Line, $"The column '{name.Text}' stands here twice.", "Keep one of the two.");
            else
                Known(name.Text, key, name.Line, known, section);
        }
    }

    public static void Known(string name, string path, int line, IReadOnlyCollection<string>? known, Section section)
    {
        if (known is { Count: > 0 } && !known.Contains(name, StringComparer.OrdinalIgnoreCase))
            section.Error(path, line, $"There is no column '{name}'.", Suggestion.Fix(name, known, "columns"));
    }
}
