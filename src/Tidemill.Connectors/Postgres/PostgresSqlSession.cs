using Npgsql;
using Tidemill.Connectors.Tables;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Postgres;

/// <summary>A connection out of the pool. The pool discards what it leaves behind: temporary tables, settings, locks.</summary>
internal sealed class PostgresSqlSession(NpgsqlConnection connection, string description) : ISqlSession
{
    private NpgsqlTransaction? _transaction;

    public Task BeginAsync(CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            if (_transaction is not null) throw SessionSql.Open();
            _transaction = await connection.BeginTransactionAsync(cancellationToken);
            return true;
        },
        cancellationToken);

    public Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken)
    {
        SessionSql.RefuseTransactions(sql);
        return RunAsync(
            () => PostgresCommands.ExecuteAsync(connection, _transaction, sql, parameters, cancellationToken), cancellationToken);
    }

    public Task<IQueryResult> QueryAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken)
    {
        SessionSql.RefuseTransactions(sql);
        return RunAsync<IQueryResult>(
            async () =>
            {
                var command = PostgresCommands.Create(connection, _transaction, sql, parameters);
                try
                {
                    return new PostgresQueryResult(
                        command, await command.ExecuteReaderAsync(cancellationToken), description, static () => ValueTask.CompletedTask);
                }
                catch
                {
                    await command.DisposeAsync();
                    throw;
                }
            },
            cancellationToken);
    }

    public Task CommitAsync(CancellationToken cancellationToken) => RunAsync(
        async () =>
        {
            await (_transaction ?? throw SessionSql.NotOpen()).CommitAsync(cancellationToken);
            await _transaction.DisposeAsync();
            _transaction = null;
            return true;
        },
        cancellationToken);

    public async Task RollbackAsync()
    {
        if (_transaction is not { } transaction) return;
        _transaction = null;
        try
        {
            await transaction.DisposeAsync();
        }
        catch (Exception error) when (PostgresErrors.IsKnown(error))
        {
            // The server ends the transaction of a connection that is gone.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RollbackAsync();
        await connection.DisposeAsync();
    }

    private async Task<T> RunAsync<T>(Func<Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work();
        }
        catch (Exception error)
        {
            throw PostgresErrors.MapStatement(error, description, cancellationToken);
        }
    }
}
