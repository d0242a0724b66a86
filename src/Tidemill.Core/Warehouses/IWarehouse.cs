using Tidemill.DuckDb;

namespace Tidemill.Core.Warehouses;

/// <summary>
/// A database of tables: embedded DuckDB or PostgreSQL. Beside SQL it has transactions of rows and checkpoints, and plans of tables.
/// </summary>
public interface IWarehouse : ISqlEngine
{
    /// <summary>The project it was opened for. Projects may share a warehouse; rows of system tables hold their name.</summary>
    string Project { get; }

    /// <summary>What must change so that the table satisfies the spec; SchemaConflict when only a loss would do.</summary>
    Task<TablePlan> PlanAsync(TableSpec spec, CancellationToken cancellationToken);

    /// <summary>Carries out a plan; a table that meanwhile appeared or has the column already is no error.</summary>
    Task ApplyAsync(TablePlan plan, CancellationToken cancellationToken);

    /// <summary>A connection kept by one stream's sink, used by one caller at a time.</summary>
    Task<IWarehouseWriter> OpenWriterAsync(CancellationToken cancellationToken);
}

/// <summary>
/// A running query. Values are the CLR types of <see cref="Columns"/>: Guid, decimal, DateTime (Kind Unspecified for
/// timestamp, Utc for timestamptz), DateOnly, TimeOnly, TimeSpan for intervals without months, BigInteger for hugeint, byte[], string
/// (also for JSON), and null. What these do not hold comes exactly, on every warehouse, as <see cref="DuckDbDecimal"/>,
/// <see cref="DuckDbInterval"/>, <see cref="DuckDbDate"/>, <see cref="DuckDbTimestamp"/> or <see cref="DuckDbTimestampTz"/>, whose
/// ToString is the text that people see; numerics that are NaN or infinite come as double, those of more than 38 digits as text.
/// </summary>
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
    public static string Quote(string identifier) => SqlQuoting.Identifier(identifier);

    public static string List(IEnumerable<string> identifiers) => string.Join(", ", identifiers.Select(Quote));

    public static string Literal(string text) => SqlQuoting.Literal(text);
}
