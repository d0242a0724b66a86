using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;
using Tidemill.DuckDb.Scans;

namespace Tidemill.DuckDb;

/// <summary>
/// An open database, file or memory. Safe for many threads; each takes a connection of its own. The file is closed
/// (and checkpointed) when this, its connections, statements and results are all disposed. Opening a file twice in
/// one process gives two objects over one engine.
/// </summary>
public sealed class DuckDbDatabase : IDisposable
{
    // Two engines on one file in one process would not see each other's locks and would ruin it, so the engine of a
    // file that is open already is shared.
    private static readonly InstanceCacheHandle Engines = DuckDbApi.duckdb_create_instance_cache();

    private readonly DatabaseHandle _handle;
    private readonly Lock _lock = new();
    private readonly HashSet<long> _sources = [];

    private DuckDbDatabase(DatabaseHandle handle, string? path)
    {
        _handle = handle;
        Path = path;
    }

    /// <summary>The file; null in memory.</summary>
    public string? Path { get; }

    /// <summary>DuckDB's version, for example "v1.5.6".</summary>
    public static string LibraryVersion => NativeText.Borrowed(DuckDbApi.duckdb_library_version()) ?? "";

    /// <summary>The native library's file.</summary>
    public static string LibraryPath
    {
        get
        {
            _ = DuckDbApi.duckdb_library_version();
            return NativeLibraryLocator.LoadedPath ?? "";
        }
    }

    /// <summary>
    /// Opens a database file, creating it when missing, or with null a new database in memory. What does not fit the memory limit is
    /// spilled beside the file, or for one in memory into a folder of its own in the system's temporary folder.
    /// <paramref name="settings"/> are DuckDB's configuration options, for example access_mode, threads, memory_limit.
    /// </summary>
    /// <exception cref="DuckDbException">
    /// IO: the file cannot be opened, is no database, or another process holds it (the message names that process).
    /// InvalidInput: DuckDB knows no such setting or refuses its value. Connection: this process has the file open
    /// with other settings.
    /// </exception>
    public static DuckDbDatabase Open(string? path, IReadOnlyDictionary<string, string>? settings = null)
    {
        if (path is not null) NativeText.RejectNul(path, nameof(path));
        else settings = WithSpillFolder(settings);
        nint config = 0;
        try
        {
            if (settings is { Count: > 0 }) config = CreateConfig(settings);
            var failed = DuckDbApi.duckdb_get_or_create_from_cache(
                Engines, path, out var handle, config, out var error) != 0;
            if (failed)
            {
                handle.Dispose();
                throw DuckDbException.FromText(NativeText.Taken(error));
            }
            var database = new DuckDbDatabase(handle, path);
            database.RegisterScanFunction();
            return database;
        }
        finally
        {
            if (config != 0) DuckDbApi.duckdb_destroy_config(ref config);
        }
    }

    /// <summary>
    /// DuckDB would spill into .tmp of the working folder, several databases into the same files. It makes the folder when it first
    /// spills, and removes it at the end. The setting comes first: behind one that closes off the machine's files it is refused.
    /// </summary>
    private static OrderedDictionary<string, string> WithSpillFolder(IReadOnlyDictionary<string, string>? settings)
    {
        var all = new OrderedDictionary<string, string>
        {
            ["temp_directory"] = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"tidemill-spill-{Guid.NewGuid():N}"),
        };
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            all[name] = value;

        return all;
    }

    /// <summary>A new session: own transaction, settings and temporary objects.</summary>
    public DuckDbConnection Connect()
    {
        var failed = DuckDbApi.duckdb_connect(_handle, out var handle) != 0;
        if (!failed) return new(this, handle);
        handle.Dispose();
        throw new DuckDbException(DuckDbErrorType.Connection, "DuckDB opened no connection.");
    }

    /// <summary>Makes <c>tidemill_scan(source.Id)</c> read the source, on every connection of this database.</summary>
    public ChunkSource Register(ChunkSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            _sources.Add(source.Id);
            ScanRegistry.Add(source);
        }
        return source;
    }

    /// <summary>Queries that run keep the source; new ones no longer find it.</summary>
    public void Unregister(ChunkSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Forget([source.Id]);
    }

    /// <summary>Also unregisters the sources registered here.</summary>
    public void Dispose()
    {
        Forget([.. _sources]);
        _handle.Dispose();
    }

    private void Forget(long[] sources)
    {
        lock (_lock)
        {
            foreach (var id in sources)
                if (_sources.Remove(id)) ScanRegistry.Remove(id);
        }
    }

    private void RegisterScanFunction()
    {
        try
        {
            using var connection = Connect();
            ScanFunction.Register(connection);
        }
        catch
        {
            _handle.Dispose();
            throw;
        }
    }

    private static nint CreateConfig(IReadOnlyDictionary<string, string> settings)
    {
        if (DuckDbApi.duckdb_create_config(out var config) != 0)
            throw new DuckDbException(DuckDbErrorType.OutOfMemory, "DuckDB made no configuration.");
        foreach (var (name, value) in settings)
        {
            if (DuckDbApi.duckdb_set_config(config, name, value) == 0) continue;
            DuckDbApi.duckdb_destroy_config(ref config);
            throw new DuckDbException(DuckDbErrorType.InvalidInput, $"DuckDB refuses the setting {name}.");
        }
        return config;
    }
}
