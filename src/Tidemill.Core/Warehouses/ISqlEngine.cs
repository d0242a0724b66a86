namespace Tidemill.Core.Warehouses;

/// <summary>
/// Runs SQL. Parameters are written $1, $2, ... Safe for concurrent callers; each call uses a connection of its own, and nothing that a
/// statement sets in its session reaches another call. All errors are <see cref="Errors.TidemillException"/>: SqlInvalid, Unavailable,
/// TransactionConflict, AccessDenied, ...
/// </summary>
public interface ISqlEngine : IAsyncDisposable
{
    /// <summary>Where the engine's SQL differs from others'.</summary>
    SqlDialect Dialect { get; }

    /// <summary>Where it lives, without secrets, for messages.</summary>
    string Description { get; }

    /// <summary>The schema that unqualified tables live in: <c>main</c> on DuckDB; <c>public</c>, or the connection's, on
    /// PostgreSQL.</summary>
    string DefaultSchema { get; }

    /// <summary>Runs one statement and returns the rows it changed, 0 for statements that change none.</summary>
    Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken);

    /// <summary>Runs the statements in one transaction, all or none; returns the rows changed by each.</summary>
    Task<IReadOnlyList<long>> ExecuteInTransactionAsync(IReadOnlyList<string> statements, CancellationToken cancellationToken);

    /// <summary>
    /// Runs a query whose rows are read as they come; the connection is held until the result is disposed.
    /// With <paramref name="readOnly"/> the engine refuses statements that would change anything.
    /// </summary>
    Task<IQueryResult> QueryAsync(
        string sql, IReadOnlyList<object?> parameters, bool readOnly, CancellationToken cancellationToken);

    /// <summary>The table or view as it stands, or null.</summary>
    Task<TableDescription?> DescribeAsync(TableName table, CancellationToken cancellationToken);

    /// <summary>A connection of the caller's own.</summary>
    Task<ISqlSession> OpenSessionAsync(CancellationToken cancellationToken);
}

/// <summary>
/// One connection, used by one caller at a time. Temporary tables and settings live as long as it does and reach nobody else.
/// Statements commit by themselves, or together between <see cref="BeginAsync"/> and <see cref="CommitAsync"/>; SQL that begins or ends
/// a transaction is SqlInvalid. After an error in a transaction only <see cref="RollbackAsync"/> may follow. Disposal gives an open
/// transaction up.
/// </summary>
public interface ISqlSession : IAsyncDisposable
{
    /// <summary>Begins a transaction. InvalidRequest: one is open.</summary>
    Task BeginAsync(CancellationToken cancellationToken);

    /// <summary>Runs one statement and returns the rows it changed, 0 for statements that change none.</summary>
    Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken);

    /// <summary>Runs a statement that gives rows. The result is disposed before the session is used again.</summary>
    Task<IQueryResult> QueryAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken);

    /// <summary>Durable on return. InvalidRequest: no transaction is open.</summary>
    Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>Gives the transaction up; no error when there is none or the connection is gone.</summary>
    Task RollbackAsync();
}
