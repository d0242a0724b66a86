namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// Which tables a statement may change, by its words: one that it names anywhere but where tables are read. It errs on the safe side:
/// a table that is taken for changed in vain costs a scan, one that is overlooked its keys.
/// </summary>
internal static class SqlTargets
{
    private static readonly HashSet<string> Readers = new(["FROM", "JOIN", "USING", ","], StringComparer.OrdinalIgnoreCase);

    /// <summary>Statements that change tables which they do not name.</summary>
    private static readonly string[][] Nameless = [["EXECUTE"], ["IMPORT"], ["DROP", "SCHEMA"]];

    public static bool MayChange(string sql, string table)
    {
        var words = SqlWords.Of(sql);
        return Nameless.Any(start => start.SequenceEqual(words.Take(start.Length), StringComparer.OrdinalIgnoreCase))
            || Enumerable.Range(0, words.Count).Any(i => words[i].Equals(table, StringComparison.OrdinalIgnoreCase) && !IsRead(words, i));
    }

    private static bool IsRead(List<string> words, int index)
    {
        // The name qualifies something else: a column, or a table in a schema of this name.
        if (index + 1 < words.Count && words[index + 1] == ".")
        {
            return true;
        }

        var before = index - 1;
        while (before > 0 && words[before] == ".")
        {
            before -= 2;
        }

        var deletes = before > 0 && words[before - 1].Equals("DELETE", StringComparison.OrdinalIgnoreCase);
        return before >= 0 && Readers.Contains(words[before]) && !deletes;
    }
}
