using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Scans;

/// <summary>
/// The table function <c>tidemill_scan(id BIGINT)</c>: bind declares the source's columns, init takes its chunks,
/// the function hands them out. DuckDB calls back on its own threads; an exception becomes an SQL error there and
/// never leaves managed code.
/// </summary>
internal static unsafe class ScanFunction
{
    public const string Name = "tidemill_scan";

    private static readonly Lock Registering = new();

    /// <summary>Adds the function to the connection's database unless it is there.</summary>
    public static void Register(DuckDbConnection connection)
    {
        lock (Registering)
        {
            if (!IsRegistered(connection)) Create(connection.Handle);
        }
    }

    /// <summary>Binding it fails in any case: for want of the function, or of a source with id 0.</summary>
    private static bool IsRegistered(DuckDbConnection connection)
    {
        try
        {
            connection.Prepare($"FROM {Name}(0)").Dispose();
            return true;
        }
        catch (DuckDbException exception)
        {
            return exception.ErrorType != DuckDbErrorType.Catalog;
        }
    }

    private static void Create(ConnectionHandle connection)
    {
        var function = DuckDbApi.duckdb_create_table_function();
        try
        {
            using var id = LogicalType.BigInt.ToNative();
            DuckDbApi.duckdb_table_function_set_name(function, Name);
            DuckDbApi.duckdb_table_function_add_parameter(function, id.Value);
            DuckDbApi.duckdb_table_function_set_bind(function, &Bind);
            DuckDbApi.duckdb_table_function_set_init(function, &Initialize);
            DuckDbApi.duckdb_table_function_set_function(function, &Scan);
            DuckDbApi.duckdb_table_function_supports_projection_pushdown(function, 1);
            if (DuckDbApi.duckdb_register_table_function(connection, function) != 0)
                throw new DuckDbException(DuckDbErrorType.Catalog, $"DuckDB did not register {Name}.");
        }
        finally
        {
            DuckDbApi.duckdb_destroy_table_function(ref function);
        }
    }

    private static nint Hold(object target) => GCHandle.ToIntPtr(GCHandle.Alloc(target));

    private static T Held<T>(nint handle) where T : class => (T)GCHandle.FromIntPtr(handle).Target!;

    // SAFETY: DuckDB passes back to the callbacks what Hold made, once to Free, and nothing after that.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Free(nint handle)
    {
        if (handle == 0) return;
        var held = GCHandle.FromIntPtr(handle);
        (held.Target as IDisposable)?.Dispose();
        held.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Bind(nint info)
    {
        try
        {
            var parameter = DuckDbApi.duckdb_bind_get_parameter(info, 0);
            var id = DuckDbApi.duckdb_get_int64(parameter);
            DuckDbApi.duckdb_destroy_value(ref parameter);
            var source = ScanRegistry.Find(id)
                ?? throw new InvalidOperationException($"{Name}({id}): no source is registered under this id.");
            for (var i = 0; i < source.Names.Length; i++)
            {
                using var type = source.Types[i].ToNative();
                DuckDbApi.duckdb_bind_add_result_column(info, source.Names[i], type.Value);
            }
            DuckDbApi.duckdb_bind_set_cardinality(info, RowEstimate(source), 0);
            DuckDbApi.duckdb_bind_set_bind_data(info, Hold(source), &Free);
        }
        catch (Exception exception)
        {
            DuckDbApi.duckdb_bind_set_error(info, exception.Message);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Initialize(nint info)
    {
        try
        {
            var source = Held<ChunkSource>(DuckDbApi.duckdb_init_get_bind_data(info));
            var columns = new int[(int)DuckDbApi.duckdb_init_get_column_count(info)];
            for (var i = 0; i < columns.Length; i++)
            {
                var column = DuckDbApi.duckdb_init_get_column_index(info, (ulong)i);
                columns[i] = column < (ulong)source.Types.Length ? (int)column : -1;
            }
            var chunks = source.Chunks;
            DuckDbApi.duckdb_init_set_init_data(info, Hold(new ScanState(chunks, columns)), &Free);
            DuckDbApi.duckdb_init_set_max_threads(info, source.Ordered ? 1 : (ulong)Math.Max(1, chunks.Length));
        }
        catch (Exception exception)
        {
            DuckDbApi.duckdb_init_set_error(info, exception.Message);
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Scan(nint info, nint output)
    {
        try
        {
            Held<ScanState>(DuckDbApi.duckdb_function_get_init_data(info)).Next(output);
        }
        catch (Exception exception)
        {
            DuckDbApi.duckdb_function_set_error(info, exception.Message);
        }
    }

    /// <summary>A guess for the optimizer only: a prepared statement runs on other chunks than it was bound with.</summary>
    private static ulong RowEstimate(ChunkSource source) =>
        (ulong)Math.Max(1, source.Chunks.Length) * DataChunk.Capacity;
}
