using System.Collections.Immutable;
using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>
/// Appends chunks to a table without SQL, inside the connection's transaction when one is open. Rows count once
/// <see cref="Flush"/> or <see cref="Close"/> returned; disposing without that drops the rows not yet flushed.
/// </summary>
public sealed class ChunkAppender : IDisposable
{
    private readonly AppenderHandle _handle;

    private ChunkAppender(AppenderHandle handle)
    {
        _handle = handle;
        var count = (int)DuckDbApi.duckdb_appender_column_count(handle);
        Types = [.. Enumerable.Range(0, count).Select(
            column => LogicalType.Take(DuckDbApi.duckdb_appender_column_type(handle, (ulong)column)))];
    }

    /// <summary>The table's column types; chunks have these or types that cast to them.</summary>
    public ImmutableArray<LogicalType> Types { get; }

    /// <exception cref="DuckDbException">Catalog: there is no such table.</exception>
    internal static ChunkAppender Create(DuckDbConnection connection, string? catalog, string? schema, string table)
    {
        ArgumentNullException.ThrowIfNull(table);
        var failed = DuckDbApi.duckdb_appender_create_ext(
            connection.Handle, catalog, schema, table, out var handle) != 0;
        if (!failed) return new(handle);
        var error = DuckDbException.FromErrorData(DuckDbApi.duckdb_appender_error_data(handle));
        handle.Dispose();
        throw error;
    }

    /// <summary>Copies the rows; the chunk may be reused at once.</summary>
    /// <exception cref="DuckDbException">Columns do not fit, or rows flushed on the way break a constraint.</exception>
    public void Append(DataChunk chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        Check(DuckDbApi.duckdb_append_data_chunk(_handle, chunk.Handle));
    }

    /// <summary>Writes all rows into the table; visible as the transaction allows.</summary>
    public void Flush() => Check(DuckDbApi.duckdb_appender_flush(_handle));

    /// <summary>Flushes and ends; only <see cref="Dispose"/> may follow.</summary>
    public void Close() => Check(DuckDbApi.duckdb_appender_close(_handle));

    public void Dispose() => _handle.Dispose();

    private void Check(int state)
    {
        if (state != 0) throw DuckDbException.FromErrorData(DuckDbApi.duckdb_appender_error_data(_handle));
    }
}
