using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// An engine's memory limit and checkpoints, which follow the indexes of its keys. DuckDB (1.5) holds those in memory whole: where they
/// outgrow the limit a commit fails half done, after which the engine fails at its next checkpoint, and the file cannot
/// be opened under that limit any more, as its write-ahead log is not replayed. So a file is opened with what the machine has, and
/// the limit is then what was asked for and the indexes on top. Safe for many threads.
/// </summary>
/// <param name="limit">Bytes for everything that DuckDB can drop or spill to disk.</param>
/// <param name="ceiling">Bytes that are never exceeded; default: four fifths of the machine's (or container's) memory.</param>
internal sealed class DuckDbMemory(long limit, long? ceiling = null)
{
    /// <summary>Measured: 55 for random UUIDs.</summary>
    private const int KeyBytes = 64;

    /// <summary>
    /// Bytes of write-ahead log, and of rows in memory, from one checkpoint to the next: a thirty-second of what was asked for,
    /// within these bounds, of which the lower one is DuckDB's default. A checkpoint writes the indexes whole: it comes when
    /// the log is twice as large as they are.
    /// </summary>
    private const long FewestLogBytes = 16_000_000;

    private const long MostLogBytes = 256_000_000;

    /// <summary>The limit follows in steps of this share of it.</summary>
    private const int Steps = 8;

    /// <summary>
    /// Blocks of tables that stay in memory once they were written or read: this share of what was asked for. The file's blocks are in the
    /// system's page cache anyway; a stream would otherwise fill the whole limit with rows that nobody reads.
    /// </summary>
    private const int Share = 32;

    private const string Sizes =
        "SELECT coalesce(sum(memory_usage_bytes) FILTER (tag = 'ART_INDEX'), 0)::BIGINT, "
        + "(SELECT coalesce(sum(estimated_size * index_count), 0)::BIGINT FROM duckdb_tables()), "
        + "coalesce(sum(memory_usage_bytes) FILTER (tag = 'BASE_TABLE'), 0)::BIGINT, coalesce(sum(memory_usage_bytes), 0)::BIGINT "
        + "FROM duckdb_memory()";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly long _ceiling = Math.Max(limit, ceiling ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 5 * 4);
    private readonly Lock _lock = new();
    private long _next;
    private double _keyBytes = KeyBytes;
    private long _set;
    private long _logBytes;
    private long _indexes;
    private int _lifts;

    /// <summary>Opens a file with what the machine has, and then sets the limit. May be called again once the engine is gone.</summary>
    /// <exception cref="DuckDbException">As of <see cref="DuckDbDatabase.Open"/>.</exception>
    public DuckDbDatabase Open(string path, IReadOnlyDictionary<string, string> settings)
    {
        var database = DuckDbDatabase.Open(path, new Dictionary<string, string>(settings) { ["memory_limit"] = Setting(_ceiling) });
        try
        {
            using var connection = database.Connect();
            lock (_lock)
            {
                (_set, _logBytes) = (_ceiling, 0);
                Adapt(connection);
            }

            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Looks at the indexes, once a second at most. The connection has no transaction open.</summary>
    public void Follow(DuckDbConnection connection)
    {
        if (Environment.TickCount64 < Interlocked.Read(ref _next) || !_lock.TryEnter())
            return;

        try
        {
            Adapt(connection);
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>The limit is the ceiling until <see cref="Lower"/>: for keys, which come on top of the limit.</summary>
    public void Lift(DuckDbConnection connection)
    {
        lock (_lock)
        {
            Set(connection, _ceiling);
            _lifts++;
        }
    }

    /// <summary>The next look brings the limit down again, unless others have lifted it, too.</summary>
    public void Lower()
    {
        lock (_lock)
            _lifts--;

        Interlocked.Exchange(ref _next, 0);
    }

    /// <summary>To be called before rows are written: Unavailable when the machine has no room for more keys.</summary>
    /// <param name="beside">Bytes of keys that are not DuckDB's.</param>
    public void ThrowIfFull(long beside = 0)
    {
        var keys = Interlocked.Read(ref _indexes) + beside;
        if (keys + (limit / 2) > _ceiling)
        {
            throw new TidemillException(
                ErrorCode.Unavailable,
                $"Keys of tables are held in memory whole: they need {keys >> 20:N0} MiB, of {_ceiling >> 20:N0} MiB that the embedded "
                    + "warehouse may take. "
                + "Give the machine more memory, drop tables or indexes, or use PostgreSQL as warehouse.");
        }
    }

    private void Adapt(DuckDbConnection connection)
    {
        Interlocked.Exchange(ref _next, Environment.TickCount64 + (long)Period.TotalMilliseconds);
        try
        {
            var (held, keys, cached, used) = Read(connection);

            // What a checkpoint has put away is loaded again with the next keys. Few keys tell nothing of what one takes.
            var step = limit / Steps;
            _keyBytes = keys > 0 && held > step ? Math.Max(_keyBytes, (double)held / keys) : _keyBytes;
            var indexes = Math.Max(held, (long)(keys * _keyBytes));
            Interlocked.Exchange(ref _indexes, indexes);
            Set(connection, _lifts > 0 ? _ceiling : Math.Min(_ceiling, limit + (indexes * 5 / 4 / step * step)));
            SetCheckpoints(connection, Math.Clamp(Math.Max(indexes * 2, limit / Share), FewestLogBytes, MostLogBytes));
            Trim(connection, cached, used);
        }
        catch (DuckDbException)
        {
            // An interrupted look, or more in use now than the new limit: the next look comes.
        }
    }

    /// <summary>
    /// DuckDB drops blocks of tables, the longest unused first, before anything else when its limit comes down. It comes up again in the
    /// same breath: what others allocate meanwhile must fit into half of what is kept.
    /// </summary>
    private void Trim(DuckDbConnection connection, long cached, long used)
    {
        if (cached <= limit / Share)
            return;

        try
        {
            connection.Execute($"{LimitSql(used - cached + (limit / Share / 2))}; {LimitSql(_set)}");
        }
        catch (DuckDbException)
        {
            // Queries hold the blocks. DuckDB keeps its limit then, but shows the other one.
            connection.Execute(LimitSql(_set));
        }
    }

    private static (long Held, long Keys, long Cached, long Used) Read(DuckDbConnection connection)
    {
        using var result = connection.Query(Sizes);
        using var row = result.Fetch()!;
        return (row[0].Data<long>()[0], row[1].Data<long>()[0], row[2].Data<long>()[0], row[3].Data<long>()[0]);
    }

    private void Set(DuckDbConnection connection, long bytes)
    {
        if (bytes == _set)
            return;

        connection.Execute(LimitSql(bytes));
        _set = bytes;
    }

    private static string LimitSql(long bytes) => $"SET GLOBAL memory_limit = '{Setting(bytes)}'";

    private void SetCheckpoints(DuckDbConnection connection, long bytes)
    {
        if (Math.Abs(bytes - _logBytes) > _logBytes / Steps)
        {
            connection.Execute($"SET GLOBAL checkpoint_threshold = '{Setting(bytes)}'");
            _logBytes = bytes;
        }
    }

    private static string Setting(long bytes) => bytes.ToString(CultureInfo.InvariantCulture) + "B";
}
