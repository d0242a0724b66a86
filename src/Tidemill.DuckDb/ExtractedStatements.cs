using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>SQL text split by DuckDB's own parser into its statements.</summary>
internal sealed class ExtractedStatements : IDisposable
{
    private readonly DuckDbConnection _connection;
    private readonly ExtractedStatementsHandle _handle;

    private ExtractedStatements(DuckDbConnection connection, ExtractedStatementsHandle handle, int count)
    {
        _connection = connection;
        _handle = handle;
        Count = count;
    }

    public int Count { get; }

    public static ExtractedStatements Parse(DuckDbConnection connection, string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        NativeText.RejectNul(sql, nameof(sql));
        var count = DuckDbApi.duckdb_extract_statements(connection.Handle, sql, out var handle);
        var error = NativeText.Borrowed(DuckDbApi.duckdb_extract_statements_error(handle));
        if (error is null) return new(connection, handle, (int)count);
        handle.Dispose();
        throw DuckDbException.FromText(error);
    }

    /// <summary>Each statement can be prepared once; those before it must have run, as it may name what they make.</summary>
    public DuckDbStatement Prepare(int index)
    {
        var failed = DuckDbApi.duckdb_prepare_extracted_statement(
            _connection.Handle, _handle, (ulong)index, out var statement) != 0;
        if (!failed) return new(_connection, statement);
        var error = statement.IsInvalid ? null : NativeText.Borrowed(DuckDbApi.duckdb_prepare_error(statement));
        statement.Dispose();
        throw _connection.Translate(DuckDbException.FromText(error));
    }

    public void Dispose() => _handle.Dispose();
}
