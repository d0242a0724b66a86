using Tidemill.Connectors.DuckDb.Keys;
using Tidemill.Connectors.Tables;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// A session of the file that is closed at its end. Tables that writers write by key are locked from a statement that changes them to
/// its end, or the transaction's.
/// </summary>
internal sealed class DuckDbSqlSession : ISqlSession
{
    private readonly DuckDbSessions _sessions;
    private readonly TransactionKeys _keys;
    private DuckDbSession? _session;
    private bool _inTransaction;
    private bool _changedSettings;

    public DuckDbSqlSession(DuckDbSessions sessions)
    {
        _sessions = sessions;
        _keys = new TransactionKeys(sessions, static (_, _) => throw new InvalidOperationException("A session writes nothing by key."));
    }

    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        if (_inTransaction) throw SessionSql.Open();
        await RunAsync(connection => connection.Execute("BEGIN TRANSACTION"), cancellationToken);
        _inTransaction = true;
    }

    public async Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken)
    {
        await LockAsync(sql, cancellationToken);
        try
        {
            return await RunAsync(connection => DuckDbWarehouse.Execute(connection, sql, parameters), cancellationToken);
        }
        finally
        {
            Unlock();
        }
    }

    public async Task<IQueryResult> QueryAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken)
    {
        await LockAsync(sql, cancellationToken);
        try
        {
            return await RunAsync<IQueryResult>(
                connection =>
                {
                    using var statement = DuckDbWarehouse.Prepare(connection, sql, parameters);
                    return new DuckDbQueryResult(_sessions, _session!, statement.Query(), _ => Unlock());
                },
                cancellationToken);
        }
        catch
        {
            Unlock();
            throw;
        }
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        if (!_inTransaction) throw SessionSql.NotOpen();
        await RunAsync(connection => connection.Execute("COMMIT"), cancellationToken, DuckDbWork.Committing);
        _inTransaction = false;
        Unlock();
    }

    public async Task RollbackAsync()
    {
        if (!_inTransaction) return;
        try
        {
            await RunAsync(connection => connection.Execute("ROLLBACK"), CancellationToken.None);
        }
        catch (TidemillException)
        {
            // A failed commit has ended the transaction already; a session in doubt is not used again.
            await Task.Run(Drop);
        }
        finally
        {
            _inTransaction = false;
            Unlock();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await RollbackAsync();
        await Task.Run(Drop);
    }

    private async Task LockAsync(string sql, CancellationToken cancellationToken)
    {
        SessionSql.RefuseTransactions(sql);
        var targets = _sessions.TargetsOf([sql]);
        var anySchema = _changedSettings |= targets.ChangesSettings;
        await _keys.ChangeAsync(name => targets.MayChange(name, anySchema), cancellationToken);
    }

    // Outside a transaction a statement has committed when it ends.
    private void Unlock()
    {
        if (!_inTransaction) _keys.End(committed: true);
    }

    private Task<T> RunAsync<T>(
        Func<DuckDbConnection, T> work, CancellationToken cancellationToken, DuckDbWork kind = DuckDbWork.Querying) =>
        Task.Run(
            () =>
            {
                if (_session is { IsClosing: true })
                {
                    Drop();
                    if (_inTransaction)
                        throw new TidemillException(ErrorCode.Unavailable, $"{_sessions.Description} was closed after a failure.");
                }

                return _sessions.Run(_session ??= _sessions.Rent(), kind, work, cancellationToken);
            },
            cancellationToken);

    private void Drop()
    {
        if (_session is { } session) _sessions.Drop(session);
        _session = null;
    }
}
