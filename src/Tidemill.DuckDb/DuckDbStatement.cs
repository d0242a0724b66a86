using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>
/// A prepared statement. Bindings stay for the next execution. Used by its connection's thread only; it may outlive
/// neither the registered sources it names nor be executed after its connection's disposal.
/// </summary>
public sealed partial class DuckDbStatement : IDisposable
{
    private readonly DuckDbConnection _connection;
    private readonly StatementHandle _handle;
    private string[]? _columnNames;
    private LogicalType[]? _columnTypes;

    internal DuckDbStatement(DuckDbConnection connection, StatementHandle handle)
    {
        _connection = connection;
        _handle = handle;
    }

    public int ParameterCount => (int)DuckDbApi.duckdb_nparams(_handle);

    /// <summary>The result's column names, known before execution.</summary>
    public IReadOnlyList<string> ColumnNames => _columnNames ??= Columns(
        column => NativeText.Taken(DuckDbApi.duckdb_prepared_statement_column_name(_handle, column)) ?? "");

    /// <summary>
    /// The result's column types, known before execution; one that hangs on an unbound parameter is Invalid.
    /// </summary>
    public IReadOnlyList<LogicalType> ColumnTypes => _columnTypes ??= Columns(
        column => LogicalType.Take(DuckDbApi.duckdb_prepared_statement_column_logical_type(_handle, column)));

    private T[] Columns<T>(Func<ulong, T> read)
    {
        var columns = new T[(int)DuckDbApi.duckdb_prepared_statement_column_count(_handle)];
        for (var i = 0; i < columns.Length; i++) columns[i] = read((ulong)i);
        return columns;
    }

    /// <summary>Runs it to the end, dropping what it returns; gives the rows it changed.</summary>
    public long Execute()
    {
        using var result = Query();
        result.Drain();
        return result.RowsChanged;
    }

    /// <summary>Runs it and streams the result: DuckDB computes ahead of the reader by about a megabyte only.</summary>
    /// <exception cref="DuckDbException">The statement failed before its first rows.</exception>
    /// <exception cref="OperationCanceledException">The connection's cancellation scope ended it.</exception>
    public unsafe DuckDbResult Query()
    {
        _connection.Cancellation.ThrowIfCancellationRequested();
        var failed = DuckDbApi.duckdb_pending_prepared_streaming(_handle, out var pending) != 0;
        var result = new ResultHandle();
        try
        {
            if (failed)
            {
                throw _connection.Translate(
                DuckDbException.FromText(NativeText.Borrowed(DuckDbApi.duckdb_pending_error(pending))));
            }
            // DuckDB forgets earlier interrupts when a query becomes pending; one before that must not be lost.
            _connection.Cancellation.ThrowIfCancellationRequested();
            // SAFETY: the result's memory belongs to the handle, which we hold.
            if (DuckDbApi.duckdb_execute_pending(pending, result.Pointer) != 0) throw Error(_connection, result);
            return new(_connection, result);
        }
        catch
        {
            result.Dispose();
            throw;
        }
        finally
        {
            if (pending != 0) DuckDbApi.duckdb_destroy_pending(ref pending);
        }
    }

    internal static unsafe Exception Error(DuckDbConnection connection, ResultHandle result)
    {
        // SAFETY: the result's memory belongs to the handle, which the caller holds; the text is copied.
        var text = NativeText.Borrowed(DuckDbApi.duckdb_result_error(result.Pointer));
        var type = (DuckDbErrorType)DuckDbApi.duckdb_result_error_type(result.Pointer);
        return connection.Translate(
            type == DuckDbErrorType.Invalid ? DuckDbException.FromText(text) : new(type, text ?? ""));
    }

    public void Dispose() => _handle.Dispose();
}
