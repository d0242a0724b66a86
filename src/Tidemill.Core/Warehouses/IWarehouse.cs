using Tidemill.DuckDb;

namespace Tidemill.Core.Warehouses;

public enum WarehouseKind
{
    DuckDb,
    Postgres,
}

/// <summary>
/// A database of tables: embedded DuckDB or PostgreSQL. Parameters are written $1, $2, ... in SQL.
/// Safe for concurrent callers; each call uses a connection of its own. All errors are
/// <see cref="Errors.TidemillException"/>: SqlInvalid, Unavailable, TransactionConflict, AccessDenied, ...
/// </summary>
public interface IWarehouse : IAsyncDisposable
{
    WarehouseKind Kind { get; }

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

    /// <summary>What must change so that the table satisfies the spec; SchemaConflict when only a loss would do.</summary>
    Task<TablePlan> PlanAsync(TableSpec spec, CancellationToken cancellationToken);

    /// <summary>Carries out a plan; a table that meanwhile appeared or has the column already is no error.</summary>
    Task ApplyAsync(TablePlan plan, CancellationToken cancellationToken);

    /// <summary>A connection kept by one stream's sink, used by one caller at a time.</summary>
    Task<IWarehouseWriter> OpenWriterAsync(CancellationToken cancellationToken);
}

/// <summary>A running query. Values are the CLR types of <see cref="Columns"/>: Guid, decimal, DateTime (Kind Unspecified for
/// timestamp, Utc for timestamptz), DateOnly, TimeOnly, TimeSpan for intervals without months, BigInteger or Int128 as
/// BigInteger for hugeint, byte[], string (also for JSON), and null.</summary>
public interface IQueryResult : IAsyncDisposable
{
    IReadOnlyList<QueryColumn> Columns { get; }

    /// <summary>The rows, once.</summary>
    IAsyncEnumerable<object?[]> ReadRowsAsync(CancellationToken cancellationToken);
}

/// <param name="Name">Column name as the query gives it.</param>
/// <param name="SqlType">The engine's own type name.</param>
public sealed record QueryColumn(string Name, string SqlType);

/// <summary>A table's name; no schema means the warehouse's default.</summary>
public readonly record struct TableName(string Name, string? Schema = null)
{
    /// <summary>Reads <c>table</c> or <c>schema.table</c>.</summary>
    public static TableName Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot < 0 ? new TableName(text) : new TableName(text[(dot + 1)..], text[..dot]);
    }

    /// <summary>The name quoted for SQL.</summary>
    public string Quoted => Schema is null ? SqlName.Quote(Name) : $"{SqlName.Quote(Schema)}.{SqlName.Quote(Name)}";

    public override string ToString() => Schema is null ? Name : $"{Schema}.{Name}";
}

/// <summary>Identifiers and literals in SQL text, alike in DuckDB and PostgreSQL.</summary>
public static class SqlName
{
    public static string Quote(string identifier) => SqlText.Identifier(identifier);

    public static string List(IEnumerable<string> identifiers) => string.Join(", ", identifiers.Select(Quote));

    public static string Literal(string text) => SqlText.Literal(text);
}
