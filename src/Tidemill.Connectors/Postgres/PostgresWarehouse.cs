using System.Data;
using Npgsql;
using Tidemill.Connectors.Tables;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>A schema of a PostgreSQL database. Transactions are READ COMMITTED; connections come from a pool.</summary>
public sealed class PostgresWarehouse : IWarehouse
{
    /// <summary>Key of the advisory lock under which tables are created: "tidemill" in ASCII.</summary>
    internal const long TableLock = 0x746964656d696c6c;

    private readonly NpgsqlDataSource _source;

    private PostgresWarehouse(NpgsqlDataSource source, WarehouseConnection connection)
    {
        _source = source;
        Description = $"PostgreSQL {connection.Host}:{connection.Port}/{connection.Database}";
        DefaultSchema = connection.Schema;
        Project = connection.Project;
    }

    public SqlDialect Dialect => PostgresDialect.Instance;

    public string Description { get; }

    public string DefaultSchema { get; }

    public string Project { get; }

    /// <summary>Connects and creates the schema and the tables of writers when missing; any number of processes may do so at
    /// once.</summary>
    /// <exception cref="TidemillException">
    /// Unavailable: no server answers. AccessDenied: it refuses the user. NotFound: it has no such database.
    /// </exception>
    public static async Task<PostgresWarehouse> OpenAsync(WarehouseConnection connection, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var warehouse = new PostgresWarehouse(PostgresConnections.CreateDataSource(connection), connection);
        try
        {
            await warehouse.CreateSchemaAsync(cancellationToken);
            await warehouse.MigrateAsync(SystemTables.OfWriters, cancellationToken);
            return warehouse;
        }
        catch
        {
            await warehouse.DisposeAsync();
            throw;
        }
    }

    private Task<bool> CreateSchemaAsync(CancellationToken cancellationToken) => RunAsync(async connection =>
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await LockTablesAsync(connection, transaction, cancellationToken);
        await using (var exists = new NpgsqlCommand(
            "SELECT to_regnamespace($1) IS NOT NULL",
            connection,
            transaction)
        { Parameters = { new() { Value = SqlName.Quote(DefaultSchema) } } })
        {
            if (!(bool)(await exists.ExecuteScalarAsync(cancellationToken))!)
            {
                await PostgresCommands.ExecuteAsync(
                    connection, transaction, $"CREATE SCHEMA {SqlName.Quote(DefaultSchema)}", [], cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }, cancellationToken);

    /// <summary>CREATE ... IF NOT EXISTS of two sessions at once can fail in the catalogue; so one goes after the other.</summary>
    private static Task<long> LockTablesAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        PostgresCommands.ExecuteAsync(connection, transaction, "SELECT pg_advisory_xact_lock($1)", [TableLock], cancellationToken);

    public Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken) =>
        RunAsync(connection => PostgresCommands.ExecuteAsync(connection, null, sql, parameters, cancellationToken), cancellationToken);

    public Task<IReadOnlyList<long>> ExecuteInTransactionAsync(
        IReadOnlyList<string> statements, CancellationToken cancellationToken) =>
        RunAsync<IReadOnlyList<long>>(async connection =>
        {
            var changed = new List<long>(statements.Count);
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            foreach (var sql in statements)
                changed.Add(await PostgresCommands.ExecuteAsync(connection, transaction, sql, [], cancellationToken));

            await transaction.CommitAsync(cancellationToken);
            return changed;
        }, cancellationToken);

    public async Task<IQueryResult> QueryAsync(
        string sql, IReadOnlyList<object?> parameters, bool readOnly, CancellationToken cancellationToken)
    {
        if (readOnly)
            ReadOnlySql.Require(sql);

        var connection = _source.CreateConnection();
        try
        {
            await connection.OpenAsync(cancellationToken);
            var transaction = readOnly ? await BeginReadOnlyAsync(connection, cancellationToken) : null;
            var command = PostgresCommands.Create(connection, transaction, sql, parameters);
            var reader = await command.ExecuteReaderAsync(cancellationToken);
            return new PostgresQueryResult(command, reader, Description, () => CloseAsync(connection, transaction));
        }
        catch (Exception error)
        {
            await connection.DisposeAsync();
            throw Mapped(error, cancellationToken);
        }
    }

    /// <summary>The connection goes back to the pool.</summary>
    private static async ValueTask CloseAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction)
    {
        try
        {
            if (transaction is not null)
                await transaction.DisposeAsync();
        }
        catch (Exception error) when (PostgresErrors.IsKnown(error))
        {
            // A connection that broke is not reused.
        }
        finally
        {
            await connection.DisposeAsync();
        }
    }

    private static async Task<NpgsqlTransaction> BeginReadOnlyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken);
        await PostgresCommands.ExecuteAsync(connection, transaction, "SET TRANSACTION READ ONLY", [], cancellationToken);
        return transaction;
    }

    public Task<TableDescription?> DescribeAsync(TableName table, CancellationToken cancellationToken) =>
        RunAsync(connection => PostgresCatalog.DescribeAsync(connection, table, cancellationToken), cancellationToken);

    public Task<TablePlan> PlanAsync(TableSpec spec, CancellationToken cancellationToken) => RunAsync(async connection =>
    {
        var table = await PostgresCatalog.DescribeAsync(connection, spec.Name, cancellationToken);
        var indexes = await PostgresCatalog.IndexesAsync(connection, spec.Name, cancellationToken);
        return TablePlanner.Plan(spec, table, indexes, PostgresDialect.Instance);
    }, cancellationToken);

    public Task ApplyAsync(TablePlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Steps.Count == 0 ? Task.CompletedTask : RunAsync(async connection =>
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await LockTablesAsync(connection, transaction, cancellationToken);
            foreach (var step in plan.Steps)
                await PostgresCommands.ExecuteAsync(connection, transaction, step.Sql, [], cancellationToken);

            await transaction.CommitAsync(cancellationToken);
            return true;
        }, cancellationToken);
    }

    public async Task<ISqlSession> OpenSessionAsync(CancellationToken cancellationToken)
    {
        try
        {
            return new PostgresSqlSession(await _source.OpenConnectionAsync(cancellationToken), Description);
        }
        catch (Exception error)
        {
            throw Mapped(error, cancellationToken);
        }
    }

    public Task<IWarehouseWriter> OpenWriterAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IWarehouseWriter>(new PostgresWriter(_source, Description, Project));

    private async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            return await work(connection);
        }
        catch (Exception error)
        {
            throw Mapped(error, cancellationToken);
        }
    }

    private Exception Mapped(Exception error, CancellationToken cancellationToken) =>
        PostgresErrors.MapStatement(error, Description, cancellationToken);

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
