using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tidemill.DuckDb.Handles;

[assembly: DisableRuntimeMarshalling]

namespace Tidemill.DuckDb.Native;

/// <summary>
/// DuckDB's C API, one to one, names as in duckdb.h. Every signature is blittable. State results are 0 for success.
/// Calls with [SuppressGCTransition] only read or set a field; they cost a nanosecond and never block.
/// </summary>
internal static unsafe partial class DuckDbApi
{
    private const string Library = NativeLibraryLocator.LibraryName;

    static DuckDbApi() => NativeLibraryLocator.Register();

    // Database and connection
    [LibraryImport(Library)]
    public static partial InstanceCacheHandle duckdb_create_instance_cache();
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_instance_cache(ref nint cache);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_get_or_create_from_cache(
        InstanceCacheHandle cache, string? path, out DatabaseHandle database, nint config, out nint error);
    [LibraryImport(Library)]
    public static partial void duckdb_close(ref nint database);
    [LibraryImport(Library)]
    public static partial int duckdb_create_config(out nint config);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_set_config(nint config, string name, string option);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_config(ref nint config);
    [LibraryImport(Library)]
    public static partial nint duckdb_library_version();
    [LibraryImport(Library)]
    public static partial int duckdb_connect(DatabaseHandle database, out ConnectionHandle connection);
    [LibraryImport(Library)]
    public static partial void duckdb_disconnect(ref nint connection);
    [LibraryImport(Library)]
    public static partial void duckdb_interrupt(ConnectionHandle connection);
    [LibraryImport(Library)]
    public static partial void duckdb_free(nint memory);

    // Appender
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_appender_create_ext(
        ConnectionHandle connection, string? catalog, string? schema, string table, out AppenderHandle appender);
    [LibraryImport(Library)]
    public static partial ulong duckdb_appender_column_count(AppenderHandle appender);
    [LibraryImport(Library)]
    public static partial nint duckdb_appender_column_type(AppenderHandle appender, ulong column);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_appender_add_column(AppenderHandle appender, string name);
    [LibraryImport(Library)]
    public static partial nint duckdb_appender_error_data(AppenderHandle appender);
    [LibraryImport(Library)]
    public static partial int duckdb_appender_flush(AppenderHandle appender);
    [LibraryImport(Library)]
    public static partial int duckdb_appender_clear(nint appender);
    [LibraryImport(Library)]
    public static partial int duckdb_appender_close(AppenderHandle appender);
    [LibraryImport(Library)]
    public static partial int duckdb_appender_destroy(ref nint appender);
    [LibraryImport(Library)]
    public static partial int duckdb_append_data_chunk(AppenderHandle appender, DataChunkHandle chunk);

    // Error data
    [LibraryImport(Library)]
    public static partial int duckdb_error_data_error_type(nint errorData);
    [LibraryImport(Library)]
    public static partial nint duckdb_error_data_message(nint errorData);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_error_data(ref nint errorData);
}
