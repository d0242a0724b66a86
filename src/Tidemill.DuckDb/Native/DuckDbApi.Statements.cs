using System.Runtime.InteropServices;
using Tidemill.DuckDb.Handles;

namespace Tidemill.DuckDb.Native;

internal static unsafe partial class DuckDbApi
{
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial ulong duckdb_extract_statements(
        ConnectionHandle connection, string query, out ExtractedStatementsHandle statements);
    [LibraryImport(Library)]
    public static partial nint duckdb_extract_statements_error(ExtractedStatementsHandle statements);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_extracted(ref nint statements);
    [LibraryImport(Library)]
    public static partial int duckdb_prepare_extracted_statement(
        ConnectionHandle connection, ExtractedStatementsHandle statements, ulong index, out StatementHandle statement);
    [LibraryImport(Library)]
    public static partial nint duckdb_prepare_error(StatementHandle statement);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_prepare(ref nint statement);
    [LibraryImport(Library)]
    public static partial ulong duckdb_nparams(StatementHandle statement);
    [LibraryImport(Library)]
    public static partial int duckdb_clear_bindings(StatementHandle statement);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int duckdb_bind_parameter_index(StatementHandle statement, out ulong index, string name);
    [LibraryImport(Library)]
    public static partial ulong duckdb_prepared_statement_column_count(StatementHandle statement);
    [LibraryImport(Library)]
    public static partial nint duckdb_prepared_statement_column_name(StatementHandle statement, ulong column);
    [LibraryImport(Library)]
    public static partial nint duckdb_prepared_statement_column_logical_type(StatementHandle statement, ulong column);

    // Execution
    [LibraryImport(Library)]
    public static partial int duckdb_pending_prepared_streaming(StatementHandle statement, out nint pending);
    [LibraryImport(Library)]
    public static partial nint duckdb_pending_error(nint pending);
    [LibraryImport(Library)]
    public static partial int duckdb_execute_pending(nint pending, NativeResult* result);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_pending(ref nint pending);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_result(NativeResult* result);
    [LibraryImport(Library)]
    public static partial nint duckdb_result_error(NativeResult* result);
    [LibraryImport(Library)]
    public static partial int duckdb_result_error_type(NativeResult* result);
    [LibraryImport(Library)]
    public static partial ResultKind duckdb_result_return_type(NativeResult result);
    [LibraryImport(Library)]
    public static partial ulong duckdb_column_count(NativeResult* result);
    [LibraryImport(Library)]
    public static partial nint duckdb_column_name(NativeResult* result, ulong column);
    [LibraryImport(Library)]
    public static partial nint duckdb_column_logical_type(NativeResult* result, ulong column);
    [LibraryImport(Library)]
    public static partial nint duckdb_fetch_chunk(NativeResult result);

    // Parameters
    [LibraryImport(Library)]
    public static partial int duckdb_bind_null(StatementHandle statement, ulong index);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_boolean(StatementHandle statement, ulong index, byte value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_int8(StatementHandle statement, ulong index, sbyte value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_int16(StatementHandle statement, ulong index, short value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_int32(StatementHandle statement, ulong index, int value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_int64(StatementHandle statement, ulong index, long value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_uint8(StatementHandle statement, ulong index, byte value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_uint16(StatementHandle statement, ulong index, ushort value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_uint32(StatementHandle statement, ulong index, uint value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_uint64(StatementHandle statement, ulong index, ulong value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_hugeint(StatementHandle statement, ulong index, NativeHugeInt value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_uhugeint(StatementHandle statement, ulong index, NativeHugeInt value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_decimal(StatementHandle statement, ulong index, NativeDecimal value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_float(StatementHandle statement, ulong index, float value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_double(StatementHandle statement, ulong index, double value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_date(StatementHandle statement, ulong index, int days);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_time(StatementHandle statement, ulong index, long micros);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_timestamp(StatementHandle statement, ulong index, long micros);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_timestamp_tz(StatementHandle statement, ulong index, long micros);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_interval(StatementHandle statement, ulong index, DuckDbInterval value);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_varchar_length(
        StatementHandle statement, ulong index, byte* text, ulong length);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_blob(StatementHandle statement, ulong index, byte* data, ulong length);
    [LibraryImport(Library)]
    public static partial int duckdb_bind_value(StatementHandle statement, ulong index, nint value);
    [LibraryImport(Library)]
    public static partial nint duckdb_create_uuid(NativeHugeInt value);
    [LibraryImport(Library)]
    public static partial void duckdb_destroy_value(ref nint value);
    [LibraryImport(Library)]
    public static partial long duckdb_get_int64(nint value);
}
