using System.Runtime.InteropServices;
using Tidemill.DuckDb.Handles;

namespace Tidemill.DuckDb.Native;

internal static unsafe partial class DuckDbApi
{
    [LibraryImport(Library)]
    public static partial DataChunkHandle duckdb_create_data_chunk(nint* types, ulong columnCount);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_data_chunk(ref nint chunk);
    [LibraryImport(Library)]
    public static partial void duckdb_data_chunk_reset(DataChunkHandle chunk);
    [LibraryImport(Library)]
    public static partial ulong duckdb_data_chunk_get_column_count(nint chunk);
    [LibraryImport(Library)]
    public static partial nint duckdb_data_chunk_get_vector(nint chunk, ulong column);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial ulong duckdb_data_chunk_get_size(nint chunk);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial void duckdb_data_chunk_set_size(nint chunk, ulong size);

    [LibraryImport(Library), SuppressGCTransition]
    public static partial void* duckdb_vector_get_data(nint vector);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial ulong* duckdb_vector_get_validity(nint vector);
    [LibraryImport(Library)]
    public static partial void duckdb_vector_ensure_validity_writable(nint vector);
    [LibraryImport(Library)]
    public static partial void duckdb_unsafe_vector_assign_string_element_len(
        nint vector, ulong row, byte* text, ulong length);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial nint duckdb_list_vector_get_child(nint vector);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial ulong duckdb_list_vector_get_size(nint vector);
    [LibraryImport(Library)]
    public static partial int duckdb_list_vector_set_size(nint vector, ulong size);
    [LibraryImport(Library)]
    public static partial int duckdb_list_vector_reserve(nint vector, ulong capacity);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial nint duckdb_struct_vector_get_child(nint vector, ulong index);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial nint duckdb_array_vector_get_child(nint vector);
    [LibraryImport(Library)]
    public static partial void duckdb_vector_reference_vector(nint target, nint source);

    [LibraryImport(Library)]
    public static partial nint duckdb_create_selection_vector(ulong size);
    [LibraryImport(Library), SuppressGCTransition]
    public static partial uint* duckdb_selection_vector_get_data_ptr(nint selection);
    [LibraryImport(Library)]
    public static partial void duckdb_slice_vector(nint vector, nint selection, ulong length);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_selection_vector(nint selection);
}
