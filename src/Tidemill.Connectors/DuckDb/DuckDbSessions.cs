using System.Collections.Concurrent;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// Sessions of one database, reused. DuckDB's calls block, so work runs on the thread pool; cancelling the token
/// interrupts it. Safe for many threads; one caller holds a session at a time.
/// </summary>
internal sealed class DuckDbSessions(DuckDbDatabase database, string description) : IDisposable
{
    private const int MaxIdle = 8;

    private readonly ConcurrentBag<DuckDbConnection> _idle = [];
    private volatile bool _disposed;

    public string Description => description;

    public DuckDbDatabase Database => database;

    public DuckDbConnection Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _idle.TryTake(out var connection) ? connection : database.Connect();
    }

    /// <summary>Takes a session back that has no transaction open.</summary>
    public void Return(DuckDbConnection connection)
    {
        if (_disposed || _idle.Count >= MaxIdle)
        {
            connection.Dispose();
            return;
        }

        _idle.Add(connection);
    }

    /// <summary>Runs the work on a session of its own; after a failure the session is not used again.</summary>
    public Task<T> RunAsync<T>(DuckDbWork kind, Func<DuckDbConnection, T> work, CancellationToken cancellationToken) =>
        Task.Run(() =>
        {
            var connection = Rent();
            try
            {
                var result = Run(connection, kind, work, cancellationToken);
                Return(connection);
                return result;
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }, cancellationToken);

    /// <summary>Runs the work on the given session, on this thread, with errors mapped.</summary>
    public T Run<T>(DuckDbConnection connection, DuckDbWork kind, Func<DuckDbConnection, T> work, CancellationToken cancellationToken)
    {
        try
        {
            using var scope = connection.CancelWith(cancellationToken);
            return work(connection);
        }
        catch (DuckDbException error)
        {
            throw DuckDbErrors.Map(error, kind, description);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        while (_idle.TryTake(out var connection))
        {
            connection.Dispose();
        }

        database.Dispose();
    }
}
