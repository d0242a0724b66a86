using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Verification;

/// <summary>How many rows are missing, too many or unexplained, and in which runs of records the missing ones lie.</summary>
internal sealed record ComparedRows(long Lost, long Doubled, long Altered, IReadOnlyList<long> LostRuns);

/// <summary>Whose a table's rows are.</summary>
internal enum RowOwner
{
    /// <summary>The sink's alone.</summary>
    Sink,

    /// <summary>Others' too; but the sink's are known by the positions of their records.</summary>
    Known,

    /// <summary>Others' too, and any of them may be alike.</summary>
    Anybody,
}

/// <summary>Compares <c>expected_rows</c> with <c>actual_rows</c> by the table's conflict rule.</summary>
/// <param name="expected">Has both.</param>
/// <param name="sink">The table.</param>
/// <param name="complete">True when rows that no record explains are too many: none has expired, and the rows are the sink's.</param>
/// <param name="owner">Whose the rows are.</param>
internal sealed class RowComparison(ExpectedRows expected, TableWrite sink, bool complete, RowOwner owner)
{
    public ComparedRows Compare() => sink.Rule switch
    {
        ConflictRule.Append => CompareAppended(),
        ConflictRule.Merge => CompareKeyed($"SELECT min({ExpectedRows.RunColumn}) AS {ExpectedRows.RunColumn}, "
            + $"{SqlName.List(sink.Key)}, {MergedColumns()} FROM expected_rows GROUP BY {SqlName.List(sink.Key)}"),
        _ => CompareKeyed("SELECT * FROM expected_rows"),
    };

    /// <summary>Row for row, as often as the records say. Rows of expired records cannot be told from surplus ones.</summary>
    private ComparedRows CompareAppended()
    {
        var columns = SqlName.List(expected.Columns);
        Create("wanted", $"SELECT {columns}, count(*) AS _n, min({ExpectedRows.RunColumn}) AS {ExpectedRows.RunColumn} FROM "
            + $"expected_rows GROUP BY {columns}");
        Create("found", $"SELECT {columns}, count(*) AS _n FROM actual_rows GROUP BY {columns}");
        var same = Same(expected.Columns, "w", "f");
        Create("lost", $"SELECT w.{ExpectedRows.RunColumn}, w._n - coalesce(f._n, 0) AS _missing FROM wanted w LEFT JOIN found f ON "
            + $"{same} WHERE w._n > coalesce(f._n, 0)");
        var doubled = owner == RowOwner.Anybody ? 0 : Number(
            $"SELECT coalesce(sum(f._n - coalesce(w._n, 0)), 0) FROM found f LEFT JOIN wanted w ON {same} WHERE f._n "
                + $"> coalesce(w._n, 0) AND {(complete ? "true" : "w._n IS NOT NULL")}");
        return new ComparedRows(Number("SELECT coalesce(sum(_missing), 0) FROM lost"), doubled, 0, expected.LostRuns());
    }

    /// <summary>Every key once, and its row one of those that its records give.</summary>
    private ComparedRows CompareKeyed(string candidates)
    {
        Create("wanted", candidates);
        var sameKey = Same(sink.Key, "w", "a");
        Create("lost", $"SELECT min(w.{ExpectedRows.RunColumn}) AS {ExpectedRows.RunColumn} FROM wanted w WHERE NOT EXISTS (SELECT 1 "
            + $"FROM actual_rows a WHERE {sameKey}) GROUP BY {SqlName.List(sink.Key.Select(k => k))}");
        var doubled = Number(
            $"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM actual_rows GROUP BY {SqlName.List(sink.Key)}) WHERE n > 1");
        var known = $"EXISTS (SELECT 1 FROM wanted w WHERE {sameKey})";
        var explained = $"EXISTS (SELECT 1 FROM wanted w WHERE {Same(expected.Columns, "w", "a")})";
        var altered = complete
            ? Number($"SELECT count(*) FROM actual_rows a WHERE NOT {explained}")
            : sink.Rule == ConflictRule.Merge || owner != RowOwner.Sink ? 0
            : Number($"SELECT count(*) FROM actual_rows a WHERE {known} AND NOT {explained}");
        return new ComparedRows(Number("SELECT count(*) FROM lost"), doubled, altered, expected.LostRuns());
    }

    private string MergedColumns() => string.Join(", ", sink.Merge.Select(column =>
    {
        var name = SqlName.Quote(column.Key);
        return column.Value switch
        {
            MergeOperation.Sum => $"sum({name})::{TypeOf(column.Key)} AS {name}",
            MergeOperation.Min => $"min({name}) AS {name}",
            MergeOperation.Max => $"max({name}) AS {name}",
            MergeOperation.First => $"first({name} ORDER BY {ExpectedRows.RunColumn}) FILTER ({name} IS NOT NULL) AS {name}",
            _ => $"last({name} ORDER BY {ExpectedRows.RunColumn}) FILTER ({name} IS NOT NULL) AS {name}",
        };
    }));

    /// <summary>Floating-point sums depend on their order: a relative difference of 1e-9 is none.</summary>
    private string Same(IEnumerable<string> columns, string left, string right) => string.Join(" AND ", columns.Select(column =>
    {
        var (a, b) = ($"{left}.{SqlName.Quote(column)}", $"{right}.{SqlName.Quote(column)}");
        var equal = $"{a} IS NOT DISTINCT FROM {b}";
        return TypeOf(column) is "FLOAT" or "DOUBLE" && sink.Rule == ConflictRule.Merge
            ? $"({equal} OR abs({a} - {b}) <= 1e-9 * greatest(abs({a}), abs({b})))"
            : equal;
    }));

    private string TypeOf(string column)
    {
        for (var i = 0; i < expected.Columns.Count; i++)
        {
            if (expected.Columns[i].Equals(column, StringComparison.OrdinalIgnoreCase))
                return expected.Types[i].ToString();
        }

        throw new InvalidOperationException($"Column {column} is not among the transform's.");
    }

    private void Create(string table, string select) => expected.Connection.Execute($"CREATE OR REPLACE TEMP TABLE {table} AS {select}");

    private long Number(string sql) => expected.Number(sql);
}
