using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Tables;

/// <summary>What a write does to a row that is there, alike in both engines.</summary>
internal static class MergeSql
{
    public const string StoredRow = "held";
    public const string WrittenRow = "excluded";

    /// <summary>Where the key's columns stand among the batch's.</summary>
    /// <exception cref="TidemillException">InvalidRequest: no key, or a key column missing.</exception>
    public static int[] KeyColumns(TableWrite write, IReadOnlyList<string> columns)
    {
        var names = columns.ToList();
        int[] key = [.. write.Key.Select(name => names.FindIndex(column => column.Equals(name, StringComparison.OrdinalIgnoreCase)))];
        return key.Length > 0 && !key.Contains(-1) ? key : throw new TidemillException(ErrorCode.InvalidRequest,
            $"Writing {write.Table} by rule {write.Rule} needs its key columns in every batch; the batch has "
                + $"{string.Join(", ", columns)}.");
    }

    /// <summary><c>ON CONFLICT (key) DO ...</c> for Ignore, Upsert and Merge; rows have distinct keys but under Ignore.</summary>
    /// <exception cref="TidemillException">As <see cref="Assignments"/>.</exception>
    public static string OnConflict(TableWrite write, IReadOnlyList<string> columns) =>
        $"ON CONFLICT ({SqlName.List(write.Key)}) DO {(Assignments(write, columns) is { } sets ? $"UPDATE SET {sets}" : "NOTHING")}";

    /// <summary>What becomes of a stored row, <c>held</c>, when one with its key is written, <c>excluded</c>; null when it
    /// stays as it is.</summary>
    /// <exception cref="TidemillException">InvalidRequest: no key, a key column missing, or a column without a merge operation.</exception>
    public static string? Assignments(TableWrite write, IReadOnlyList<string> columns)
    {
        var key = KeyColumns(write, columns).Select(column => columns[column]).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var others = columns.Where(column => !key.Contains(column)).ToList();
        if (write.Rule == ConflictRule.Ignore || others.Count == 0)
            return null;

        return string.Join(", ", others.Select(column => write.Rule == ConflictRule.Merge
            ? $"{SqlName.Quote(column)} = {Combined(write, column)}"
            : $"{SqlName.Quote(column)} = {WrittenRow}.{SqlName.Quote(column)}"));
    }

    private static string Combined(TableWrite write, string column)
    {
        var name = SqlName.Quote(column);
        var (held, written) = ($"{StoredRow}.{name}", $"{WrittenRow}.{name}");
        var operation = write.Merge.FirstOrDefault(pair => pair.Key.Equals(column, StringComparison.OrdinalIgnoreCase));
        if (operation.Key is null)
            throw new TidemillException(ErrorCode.InvalidRequest, $"Merging into {write.Table}: column {column} has no operation.");

        return operation.Value switch
        {
            MergeOperation.Sum => $"coalesce({held} + {written}, {written}, {held})",
            MergeOperation.Min => $"coalesce(least({held}, {written}), {written}, {held})",
            MergeOperation.Max => $"coalesce(greatest({held}, {written}), {written}, {held})",
            MergeOperation.Last => $"coalesce({written}, {held})",
            _ => $"coalesce({held}, {written})",
        };
    }
}
