using System.Runtime.InteropServices;
using Tidemill.DuckDb.Handles;

namespace Tidemill.DuckDb.Native;

internal static unsafe partial class DuckDbApi
{
    [LibraryImport(Library)]
    public static partial nint duckdb_create_table_function();
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_table_function(ref nint function);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_table_function_set_name(nint function, string name);
    [LibraryImport(Library)]
    public static partial void duckdb_table_function_add_parameter(nint function, nint type);
    [LibraryImport(Library)]
    public static partial void duckdb_table_function_set_bind(
        nint function, delegate* unmanaged[Cdecl]<nint, void> bind);
    [LibraryImport(Library)]
    public static partial void duckdb_table_function_set_init(
        nint function, delegate* unmanaged[Cdecl]<nint, void> init);
    [LibraryImport(Library)]
    public static partial void duckdb_table_function_set_function(
        nint function, delegate* unmanaged[Cdecl]<nint, nint, void> main);
    [LibraryImport(Library)]
    public static partial void duckdb_table_function_supports_projection_pushdown(nint function, byte pushdown);
    [LibraryImport(Library)]
    public static partial int duckdb_register_table_function(ConnectionHandle connection, nint function);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_bind_add_result_column(nint info, string name, nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_bind_get_parameter(nint info, ulong index);
    [LibraryImport(Library)]
    public static partial void duckdb_bind_set_bind_data(
        nint info, nint data, delegate* unmanaged[Cdecl]<nint, void> destroy);
    [LibraryImport(Library)]
    public static partial void duckdb_bind_set_cardinality(nint info, ulong rows, byte exact);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_bind_set_error(nint info, string error);

    [LibraryImport(Library)]
    public static partial nint duckdb_init_get_bind_data(nint info);
    [LibraryImport(Library)]
    public static partial void duckdb_init_set_init_data(
        nint info, nint data, delegate* unmanaged[Cdecl]<nint, void> destroy);
    [LibraryImport(Library)]
    public static partial ulong duckdb_init_get_column_count(nint info);
    [LibraryImport(Library)]
    public static partial ulong duckdb_init_get_column_index(nint info, ulong column);
    [LibraryImport(Library)]
    public static partial void duckdb_init_set_max_threads(nint info, ulong threads);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_init_set_error(nint info, string error);

    [LibraryImport(Library)]
    public static partial nint duckdb_function_get_init_data(nint info);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_function_set_error(nint info, string error);
}
