using Tidemill.Core.Errors;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// Which tables statements may change, by their words: those that they name anywhere but where a table is read or a name is given. It
/// errs on the safe side: a table that is taken for changed in vain costs a scan, one that is overlooked its keys.
/// </summary>
internal sealed class SqlTargets
{
    /// <summary>Words before a table that is read, and before the name of a subquery or an alias.</summary>
    private static readonly HashSet<string> Readers = new(
        ["FROM", "JOIN", "USING", ",", "WITH", "RECURSIVE", "AS"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Statements that change tables which they do not name.</summary>
    private static readonly string[][] Nameless = [["EXECUTE"], ["IMPORT"], ["DROP", "SCHEMA"]];

    /// <summary>Statements that would outlive their call in a session that others use after it.</summary>
    private static readonly HashSet<string> Lasting = new(
        ["BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "USE"], StringComparer.OrdinalIgnoreCase);

    private readonly List<List<string>> _statements;

    /// <exception cref="TidemillException">SqlInvalid: a statement would begin or end a transaction, or change what names mean.</exception>
    public SqlTargets(params IEnumerable<string> statements)
    {
        _statements = [.. statements.Select(SqlWords.Of)];
        if (_statements.Find(words => words.Count > 0 && Lasting.Contains(words[0])) is { } lasting)
        {
            throw new TidemillException(ErrorCode.SqlInvalid,
                $"{lasting[0].ToUpperInvariant()} cannot be run here: each call has a transaction of its own. Name a table's schema, "
                    + $"and put statements that belong together into one task.");
        }
    }

    public bool MayChange(string table) => _statements.Exists(words =>
        Nameless.Any(start => start.SequenceEqual(words.Take(start.Length), StringComparer.OrdinalIgnoreCase))
        || Enumerable.Range(0, words.Count).Any(i => words[i].Equals(table, StringComparison.OrdinalIgnoreCase) && !IsRead(words, i)));

    private static bool IsRead(List<string> words, int index)
    {
        // The name qualifies something else: a column, or a table in a schema of this name.
        if (index + 1 < words.Count && words[index + 1] == ".")
            return true;

        var before = index - 1;
        while (before > 0 && words[before] == ".")
            before -= 2;

        var deletes = before > 0 && words[before - 1].Equals("DELETE", StringComparison.OrdinalIgnoreCase);
        return before >= 0 && Readers.Contains(words[before]) && !deletes;
    }
}
