using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

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

    /// <summary>Statements that only read, whatever they name.</summary>
    private static readonly HashSet<string> Reading = new(
        ["SELECT", "FROM", "VALUES", "DESCRIBE", "SHOW", "SUMMARIZE"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Statements that name what they change before the first of these words, and only read behind it.</summary>
    private static readonly Dictionary<string, HashSet<string>> Heads = new(StringComparer.OrdinalIgnoreCase)
    {
        ["INSERT"] = new(["(", "SELECT", "VALUES", "FROM", "WITH", "BY", "DEFAULT"], StringComparer.OrdinalIgnoreCase),
        ["CREATE"] = new(["(", "AS"], StringComparer.OrdinalIgnoreCase),
        ["UPDATE"] = new(["SET"], StringComparer.OrdinalIgnoreCase),
    };

    /// <summary>Statements that change what an unqualified name means.</summary>
    private static readonly HashSet<string> Settings = new(["SET", "RESET", "PRAGMA"], StringComparer.OrdinalIgnoreCase);

    /// <summary>Words of statements that make an index, behind CREATE or ALTER.</summary>
    private static readonly HashSet<string> Indexing = new(["INDEX", "PRIMARY", "UNIQUE"], StringComparer.OrdinalIgnoreCase);

    private readonly List<List<string>> _statements;
    private readonly string? _catalog;

    /// <param name="statements">SQL, each of one or more statements.</param>
    /// <param name="catalog">The name by which SQL calls the database itself, as in catalog.table.</param>
    /// <exception cref="TidemillException">SqlInvalid: a statement would begin or end a transaction, or change what names mean.</exception>
    public SqlTargets(IEnumerable<string> statements, string? catalog = null)
    {
        _catalog = catalog;
        _statements = [.. statements.SelectMany(sql => Split(SqlWords.Of(sql)))];
        if (_statements.Find(words => Lasting.Contains(words[0])) is { } lasting)
        {
            throw new TidemillException(ErrorCode.SqlInvalid,
                $"{lasting[0].ToUpperInvariant()} cannot be run here: each call has a transaction of its own. Name a table's schema, "
                    + $"and put statements that belong together into one task.");
        }

        ChangesSettings = _statements.Exists(words => Settings.Contains(words[0]));
    }

    /// <summary>True when an unqualified name may mean a table of any schema from here on.</summary>
    public bool ChangesSettings { get; }

    /// <summary>True when a statement may make an index or a key.</summary>
    public bool BuildsIndexes => _statements.Exists(
        words => (Starts(words, "CREATE") || Starts(words, "ALTER")) && words.Exists(Indexing.Contains));

    /// <summary>True when all statements make tables or views without an index: what they need memory for is their query.</summary>
    public bool OnlyMakesTables => _statements.TrueForAll(words => Starts(words, "CREATE")) && !BuildsIndexes;

    /// <param name="table">Its schema; null for the default one.</param>
    /// <param name="anySchema">True when unqualified names may lie in any schema.</param>
    public bool MayChange(TableName table, bool anySchema = false) =>
        _statements.Exists(words => MayChange(words, table, anySchema || ChangesSettings));

    private bool MayChange(List<string> words, TableName table, bool anySchema)
    {
        if (Nameless.Any(start => start.SequenceEqual(words.Take(start.Length), StringComparer.OrdinalIgnoreCase))) return true;
        if (Reading.Contains(words[0])) return false;
        var end = Heads.TryGetValue(words[0], out var ends) ? words.FindIndex(ends.Contains) : -1;
        return Enumerable.Range(0, end < 0 ? words.Count : end).Any(i =>
            words[i].Equals(table.Name, StringComparison.OrdinalIgnoreCase)
            && !(end < 0 ? IsRead(words, i) : Qualifies(words, i))
            && IsInSchema(words, i, table.Schema ?? DuckDbCatalog.DefaultSchema, anySchema));
    }

    private bool IsInSchema(List<string> words, int index, string schema, bool anySchema)
    {
        if (index < 2 || words[index - 1] != ".")
            return anySchema || schema.Equals(DuckDbCatalog.DefaultSchema, StringComparison.OrdinalIgnoreCase);

        var qualifier = words[index - 2];
        return qualifier.Equals(schema, StringComparison.OrdinalIgnoreCase)
            || (_catalog is not null && qualifier.Equals(_catalog, StringComparison.OrdinalIgnoreCase));
    }

    private static IEnumerable<List<string>> Split(List<string> words)
    {
        List<string> statement = [];
        foreach (var word in words)
        {
            if (word != ";")
            {
                statement.Add(word);
                continue;
            }

            if (statement.Count > 0) yield return statement;
            statement = [];
        }

        if (statement.Count > 0) yield return statement;
    }

    /// <summary>The name qualifies something else: a column, or a table in a schema of this name.</summary>
    private static bool Qualifies(List<string> words, int index) => index + 1 < words.Count && words[index + 1] == ".";

    private static bool Starts(List<string> words, string word) => words[0].Equals(word, StringComparison.OrdinalIgnoreCase);

    private static bool IsRead(List<string> words, int index)
    {
        if (Qualifies(words, index))
            return true;

        var before = index - 1;
        while (before > 0 && words[before] == ".")
            before -= 2;

        var deletes = before > 0 && words[before - 1].Equals("DELETE", StringComparison.OrdinalIgnoreCase);
        return before >= 0 && Readers.Contains(words[before]) && !deletes;
    }
}
