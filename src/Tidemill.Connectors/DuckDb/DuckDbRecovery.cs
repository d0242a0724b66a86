namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// DuckDB marks the start of a checkpoint at the end of its write-ahead log (<c>FILE.wal</c>) and sends commits that come
/// meanwhile to <c>FILE.wal.checkpoint</c>. Up to 1.5.5, opening after a checkpoint that failed before such a commit
/// leaves the mark where it is and appends behind it; with a second failed checkpoint the file cannot be opened any more
/// (duckdb/duckdb#24260). With a second log, be it empty, DuckDB merges both into one without the mark, for which
/// it needs room for a copy.
/// </summary>
internal static class DuckDbRecovery
{
    /// <summary>
    /// To be called before every opening of the file, so that a mark is never anywhere but at the log's end. Without a
    /// mark DuckDB ignores the empty log, and removes it at its next checkpoint.
    /// </summary>
    public static void Prepare(string path)
    {
        var second = path + ".wal.checkpoint";
        if (File.Exists(path + ".wal") && !File.Exists(second))
        {
            File.Create(second).Dispose();
        }
    }
}
