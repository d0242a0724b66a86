namespace Tidemill.DuckDb;

/// <summary>
/// A DuckDB in memory for work beside the warehouse: transforms, conditions on records, comparisons. Its SQL reaches no file and no
/// network, loads no extension, and cannot change these settings. Times are in UTC. What does not fit the memory limit is spilled into
/// the system's temporary folder. It lives as long as the part that opened it.
/// </summary>
public static class ScratchDatabase
{
    /// <param name="threads">Threads of the engine; with 1, rows keep their order.</param>
    /// <param name="memoryLimit">Bytes before it spills, in DuckDB's words, such as 512MB.</param>
    public static DuckDbDatabase Open(int? threads, string memoryLimit)
    {
        var settings = new Dictionary<string, string>
        {
            ["memory_limit"] = memoryLimit,
            ["enable_external_access"] = "false",
            ["autoload_known_extensions"] = "false",
            ["autoinstall_known_extensions"] = "false",
        };
        if (threads is { } count) settings["threads"] = count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return DuckDbDatabase.Open(null, settings);
    }

    /// <summary>A session in UTC. Statements of users come after <see cref="Lock"/>.</summary>
    public static DuckDbConnection ConnectInUtc(this DuckDbDatabase database)
    {
        var connection = database.Connect();
        connection.Execute("SET TimeZone = 'UTC'");
        return connection;
    }

    /// <summary>Refuses further changes of settings.</summary>
    public static void Lock(this DuckDbConnection connection) => connection.Execute("SET lock_configuration = true");
}
