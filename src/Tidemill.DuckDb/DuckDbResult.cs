using System.Collections.Immutable;
using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>
/// A result, read chunk by chunk as DuckDB makes it. Dispose it before the connection's next query; that query would
/// close it. Sources it scans must stay unchanged until then.
/// </summary>
public sealed unsafe class DuckDbResult : IDisposable
{
    private readonly DuckDbConnection _connection;
    private readonly ResultHandle _handle;
    private readonly ImmutableArray<LogicalType> _types;
    private readonly ImmutableArray<string> _names;

    internal DuckDbResult(DuckDbConnection connection, ResultHandle handle)
    {
        _connection = connection;
        _handle = handle;
        // SAFETY: here and below the result's memory belongs to the handle, which we hold; one thread uses it.
        var kind = DuckDbApi.duckdb_result_return_type(*handle.Pointer);
        var columns = (int)DuckDbApi.duckdb_column_count(handle.Pointer);
        if (kind == ResultKind.QueryResult)
        {
            _types = [.. Enumerable.Range(0, columns).Select(TypeOf)];
            _names = [.. Enumerable.Range(0, columns).Select(NameOf)];
            return;
        }
        _types = [];
        _names = [];
        // CREATE TABLE AS counts its rows too, though it is not told as a statement that changes rows.
        var counts = columns == 1 && NameOf(0) == "Count" && TypeOf(0) == LogicalType.BigInt;
        if (kind == ResultKind.ChangedRows || counts) RowsChanged = ReadCount();
    }

    /// <summary>0 for statements that return no rows.</summary>
    public int ColumnCount => _types.Length;

    public IReadOnlyList<string> ColumnNames => _names;

    public IReadOnlyList<LogicalType> ColumnTypes => _types;

    /// <summary>Rows inserted, updated or deleted, or put into a table that a query made; 0 for queries.</summary>
    public long RowsChanged { get; }

    /// <summary>The next rows, null at the end. The caller owns the chunk; it stays valid after the result.</summary>
    /// <exception cref="DuckDbException">The query failed on the way, or another query closed this result.</exception>
    /// <exception cref="OperationCanceledException">The connection's cancellation scope ended it.</exception>
    public DataChunk? Fetch()
    {
        if (_types.IsEmpty) return null;
        while (true)
        {
            ObjectDisposedException.ThrowIf(_handle.IsClosed, this);
            _connection.Cancellation.ThrowIfCancellationRequested();
            var chunk = FetchRaw();
            if (chunk == 0) return null;
            var owned = new DataChunk(new DataChunkHandle(chunk), _types);
            if (owned.Size > 0) return owned;
            owned.Dispose();
        }
    }

    /// <summary>Reads to the end and drops the rows; returns how many there were.</summary>
    public long Drain()
    {
        long rows = 0;
        while (Fetch() is { } chunk)
        {
            rows += chunk.Size;
            chunk.Dispose();
        }
        return rows;
    }

    public void Dispose() => _handle.Dispose();

    private nint FetchRaw()
    {
        var chunk = DuckDbApi.duckdb_fetch_chunk(*_handle.Pointer);
        if (chunk != 0 || DuckDbApi.duckdb_result_error(_handle.Pointer) == 0) return chunk;
        return DuckDbApi.duckdb_result_error_type(_handle.Pointer) != 0
            || !string.IsNullOrEmpty(NativeText.Borrowed(DuckDbApi.duckdb_result_error(_handle.Pointer)))
            ? throw DuckDbStatement.Error(_connection, _handle)
            : chunk;
    }

    /// <summary>DuckDB reports changed rows as a result of one BIGINT.</summary>
    private long ReadCount()
    {
        var raw = FetchRaw();
        if (raw == 0) return 0;
        using var chunk = new DataChunk(new DataChunkHandle(raw), [LogicalType.BigInt]);
        return chunk.Size == 0 || chunk[0].IsNull(0) ? 0 : chunk[0].Data<long>()[0];
    }

    private LogicalType TypeOf(int column) =>
        LogicalType.Take(DuckDbApi.duckdb_column_logical_type(_handle.Pointer, (ulong)column));

    private string NameOf(int column) =>
        NativeText.Borrowed(DuckDbApi.duckdb_column_name(_handle.Pointer, (ulong)column)) ?? "";
}
