using Tidemill.DuckDb.Handles;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb;

/// <summary>
/// A session. One thread at a time, except <see cref="Interrupt"/>, which any thread may call. One streaming result at a
/// time: a new query closes the one before.
/// </summary>
public sealed class DuckDbConnection : IDisposable
{
    private readonly ConnectionHandle _handle;

    internal DuckDbConnection(DuckDbDatabase database, ConnectionHandle handle)
    {
        Database = database;
        _handle = handle;
    }

    public DuckDbDatabase Database { get; }

    internal ConnectionHandle Handle => _handle;

    internal CancellationToken Cancellation { get; private set; }

    /// <summary>
    /// Runs one statement or several; results are read and dropped. Returns the rows inserted, updated and deleted by
    /// all of them together.
    /// </summary>
    /// <exception cref="DuckDbException">A statement failed; those before it have been executed.</exception>
    public long Execute(string sql)
    {
        long changed = 0;
        using var statements = ExtractedStatements.Parse(this, sql);
        for (var i = 0; i < statements.Count; i++)
        {
            using var statement = statements.Prepare(i);
            changed += statement.Execute();
        }
        return changed;
    }

    /// <summary>Prepares one statement; parameters are <c>?</c>, <c>$1</c> or <c>$name</c>.</summary>
    public DuckDbStatement Prepare(string sql)
    {
        using var statements = ExtractedStatements.Parse(this, sql);
        return statements.Count == 1
            ? statements.Prepare(0)
            : throw new DuckDbException(
                DuckDbErrorType.InvalidInput, $"One statement can be prepared at a time; the text has {statements.Count}.");
    }

    /// <summary>Runs the statements and streams the last one's result.</summary>
    public DuckDbResult Query(string sql)
    {
        using var statements = ExtractedStatements.Parse(this, sql);
        if (statements.Count == 0)
            throw new DuckDbException(DuckDbErrorType.InvalidInput, "The text has no statement.");
        for (var i = 0; i < statements.Count - 1; i++)
        {
            using var before = statements.Prepare(i);
            before.Execute();
        }
        using var last = statements.Prepare(statements.Count - 1);
        return last.Query();
    }

    public void Begin() => Execute("BEGIN TRANSACTION");

    /// <summary>Durable on return when the database is a file.</summary>
    public void Commit() => Execute("COMMIT");

    public void Rollback() => Execute("ROLLBACK");

    /// <summary>Stops the running query, if any: it fails with <see cref="DuckDbErrorType.Interrupt"/>.</summary>
    public void Interrupt()
    {
        try
        {
            DuckDbApi.duckdb_interrupt(_handle);
        }
        catch (ObjectDisposedException)
        {
            // A session that is gone has nothing to stop.
        }
    }

    /// <summary>
    /// Ties what runs until the scope's disposal to the token: <c>using var _ = connection.CancelWith(token);</c>.
    /// </summary>
    public CancellationScope CancelWith(CancellationToken cancellationToken)
    {
        var previous = Cancellation;
        Cancellation = cancellationToken;
        return new(this, previous, cancellationToken);
    }

    internal void EndCancellation(CancellationToken previous) => Cancellation = previous;

    /// <summary>What an error is to the caller: a cancellation where the token asked for the interrupt.</summary>
    internal Exception Translate(DuckDbException error) =>
        error.ErrorType == DuckDbErrorType.Interrupt && Cancellation.IsCancellationRequested
            ? new OperationCanceledException("The query was cancelled.", error, Cancellation)
            : error;

    /// <summary>An appender for the table; null takes the current schema and database.</summary>
    public ChunkAppender Append(string? schema, string table, string? catalog = null) =>
        ChunkAppender.Create(this, catalog, schema, table);

    /// <summary>
    /// Creates or replaces a temporary view of this session that reads the source. The source must be registered on
    /// the database.
    /// </summary>
    public void CreateScanView(string name, ChunkSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        Execute($"CREATE OR REPLACE TEMP VIEW {SqlQuoting.Identifier(name)} AS SELECT * FROM {source.Sql}");
    }

    /// <summary>
    /// Registers a new source under a temporary view's name. The scan's disposal drops the view and the source.
    /// </summary>
    public ChunkScan RegisterScan(
        string view, IReadOnlyList<string> names, IReadOnlyList<LogicalType> types, bool ordered = false) =>
        new(this, view, new ChunkSource(names, types, ordered));

    public void Dispose() => _handle.Dispose();
}
