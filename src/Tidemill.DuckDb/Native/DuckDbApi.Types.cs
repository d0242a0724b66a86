using System.Runtime.InteropServices;

namespace Tidemill.DuckDb.Native;

internal static unsafe partial class DuckDbApi
{
    [LibraryImport(Library)]
    public static partial nint duckdb_create_logical_type(DuckDbTypeId type);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_decimal_type(byte width, byte scale);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_list_type(nint child);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_array_type(nint child, ulong size);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_map_type(nint key, nint value);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_struct_type(nint* types, nint* names, ulong count);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_union_type(nint* types, nint* names, ulong count);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_enum_type(nint* names, ulong count);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_logical_type(ref nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_logical_type_get_alias(nint type);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial void duckdb_logical_type_set_alias(nint type, string alias);
    [LibraryImport(Library)]
    public static partial DuckDbTypeId duckdb_get_type_id(nint type);
    [LibraryImport(Library)]
    public static partial byte duckdb_decimal_width(nint type);
    [LibraryImport(Library)]
    public static partial byte duckdb_decimal_scale(nint type);
    [LibraryImport(Library)]
    public static partial uint duckdb_enum_dictionary_size(nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_enum_dictionary_value(nint type, ulong index);
    [LibraryImport(Library)]
    public static partial nint duckdb_list_type_child_type(nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_array_type_child_type(nint type);
    [LibraryImport(Library)]
    public static partial ulong duckdb_array_type_array_size(nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_map_type_key_type(nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_map_type_value_type(nint type);
    [LibraryImport(Library)]
    public static partial ulong duckdb_struct_type_child_count(nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_struct_type_child_name(nint type, ulong index);
    [LibraryImport(Library)]
    public static partial nint duckdb_struct_type_child_type(nint type, ulong index);
    [LibraryImport(Library)]
    public static partial ulong duckdb_union_type_member_count(nint type);
    [LibraryImport(Library)]
    public static partial nint duckdb_union_type_member_name(nint type, ulong index);
    [LibraryImport(Library)]
    public static partial nint duckdb_union_type_member_type(nint type, ulong index);
}
