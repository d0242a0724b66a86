using Tidemill.Connectors.DuckDb.Keys;
using Tidemill.Core.Errors;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// Sessions of one database, reused. DuckDB's calls block, so work runs on the thread pool; cancelling the token
/// interrupts it. Safe for many threads; one caller holds a session at a time.
/// </summary>
/// <remarks>
/// A failed checkpoint (a full disk) and defects in the engine leave it refusing all work in this process, while
/// everything committed is in the file and its write-ahead log. The engine of a file is shared and lives as long as
/// anything of it does: so all sessions are closed, whoever holds them, and the next use opens the file again.
/// </remarks>
internal sealed class DuckDbSessions(Func<DuckDbDatabase> open, DuckDbMemory memory, string description) : IDisposable
{
    private const int MaxIdle = 8;

    // Held while the file is opened or given up, so that no session is made of an engine on its way out.
    private readonly Lock _lock = new();
    private readonly HashSet<DuckDbSession> _sessions = [];
    private readonly Stack<DuckDbSession> _idle = [];
    private DuckDbDatabase? _database;
    private bool _disposed;

    public string Description => description;

    public DuckDbMemory Memory => memory;

    /// <summary>What tables hold; it outlives the engine, as all that is committed does.</summary>
    public KeyedTables Keys { get; } = new();

    /// <summary>What statements may change. SQL calls the database by its file's name.</summary>
    public SqlTargets TargetsOf(IEnumerable<string> statements) => new(statements, Path.GetFileNameWithoutExtension(_database?.Path));

    /// <summary>The engine now open, opened when there is none.</summary>
    public DuckDbDatabase Database
    {
        get
        {
            lock (_lock)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                return _database ??= open();
            }
        }
    }

    /// <summary>A session of the caller's own, until it is returned or dropped. Opens the file when it is not open.</summary>
    public DuckDbSession Rent()
    {
        lock (_lock)
        {
            var database = Database;
            if (_idle.TryPop(out var idle))
                return idle;

            try
            {
                var session = new DuckDbSession(database.Connect(), description);
                _sessions.Add(session);
                return session;
            }
            catch (DuckDbException error)
            {
                throw DuckDbErrors.Map(error, DuckDbWork.Opening, description);
            }
        }
    }

    /// <summary>Takes a session back that has no transaction open.</summary>
    public void Return(DuckDbSession session)
    {
        lock (_lock)
        {
            if (!_disposed && !session.IsClosing && _idle.Count < MaxIdle)
            {
                session.Closing = null;
                _idle.Push(session);
                return;
            }
        }

        Drop(session);
    }

    /// <summary>Closes a session in doubt; a transaction open in it is rolled back.</summary>
    public void Drop(DuckDbSession session)
    {
        lock (_lock)
            _sessions.Remove(session);

        session.Close();
    }

    /// <summary>
    /// Runs the work on a session of its own; after a failure the session is not used again. Work that ran out of memory while it
    /// built an index is begun once more, and has all that the machine has until it ends: keys come on top of the limit.
    /// </summary>
    /// <param name="kind">What is done, for errors.</param>
    /// <param name="work">What is run; it may be begun twice.</param>
    /// <param name="buildsKeys">True when what ran out of memory builds an index. Null: nothing does.</param>
    /// <param name="cancellationToken">Interrupts the work.</param>
    public Task<T> RunAsync<T>(
        DuckDbWork kind, Func<DuckDbConnection, T> work, CancellationToken cancellationToken,
        Func<DuckDbConnection, bool>? buildsKeys = null) =>
        RunAsync(kind, reuses: true, work, buildsKeys, cancellationToken);

    /// <summary>The same with statements that may leave settings, temporary tables or macros behind: the session is closed
    /// afterwards.</summary>
    public Task<T> RunOnceAsync<T>(
        DuckDbWork kind, Func<DuckDbConnection, T> work, Func<DuckDbConnection, bool> buildsKeys, CancellationToken cancellationToken) =>
        RunAsync(kind, reuses: false, work, buildsKeys, cancellationToken);

    private Task<T> RunAsync<T>(
        DuckDbWork kind, bool reuses, Func<DuckDbConnection, T> work, Func<DuckDbConnection, bool>? buildsKeys,
        CancellationToken cancellationToken) =>
        Task.Run(() =>
        {
            try
            {
                return RunAlone(kind, reuses, work, cancellationToken);
            }
            catch (TidemillException error) when (error.InnerException is DuckDbException cause && DuckDbErrors.IsOutOfMemory(cause))
            {
                if (buildsKeys is null || !RunAlone(DuckDbWork.Querying, reuses: true, buildsKeys, cancellationToken))
                    throw;

                return RunLifted(kind, reuses, work, cancellationToken);
            }
        }, cancellationToken);

    private T RunLifted<T>(DuckDbWork kind, bool reuses, Func<DuckDbConnection, T> work, CancellationToken cancellationToken)
    {
        RunAlone(DuckDbWork.Querying, reuses: true, Lift, cancellationToken);
        try
        {
            return RunAlone(kind, reuses, work, cancellationToken);
        }
        finally
        {
            memory.Lower();
            Follow();
        }

        bool Lift(DuckDbConnection connection)
        {
            memory.Lift(connection);
            return true;
        }
    }

    /// <summary>Each use looks at the memory when it ends.</summary>
    private void Follow()
    {
        try
        {
            RunAlone(DuckDbWork.Querying, reuses: true, _ => true, CancellationToken.None);
        }
        catch (TidemillException)
        {
            // An engine that broke is opened with the limit.
        }
    }

    private T RunAlone<T>(DuckDbWork kind, bool reuses, Func<DuckDbConnection, T> work, CancellationToken cancellationToken)
    {
        var session = Rent();
        try
        {
            var result = Run(
                session,
                kind,
                connection =>
                {
                    var done = work(connection);
                    memory.Follow(connection);
                    return done;
                },
                cancellationToken);
            if (reuses) Return(session);
            else Drop(session);
            return result;
        }
        catch
        {
            Drop(session);
            throw;
        }
    }

    /// <summary>Runs the work on the given session, on this thread, with errors mapped.</summary>
    public T Run<T>(DuckDbSession session, DuckDbWork kind, Func<DuckDbConnection, T> work, CancellationToken cancellationToken)
    {
        try
        {
            return session.Run(work, cancellationToken);
        }
        catch (DuckDbException error)
        {
            if (DuckDbErrors.BreaksEngine(error))
                Discard(session.Database);

            throw DuckDbErrors.Map(error, kind, description);
        }
    }

    /// <summary>Closes the broken engine, unless another caller has done so. No caller holds a session's lock here.</summary>
    private void Discard(DuckDbDatabase broken)
    {
        lock (_lock)
        {
            if (!ReferenceEquals(_database, broken))
                return;

            _database = null;
            _idle.Clear();
            KeepFromFile(broken);
            foreach (var session in _sessions)
                session.Interrupt();

            foreach (var session in _sessions)
                session.Close();

            _sessions.Clear();
            broken.Dispose();
        }
    }

    /// <summary>
    /// An engine that is closed writes what it has in memory into the file: of a commit that failed half done, keys without their rows.
    /// What was committed is in the write-ahead log as well.
    /// </summary>
    private static void KeepFromFile(DuckDbDatabase broken)
    {
        try
        {
            using var connection = broken.Connect();
            connection.Execute("PRAGMA disable_checkpoint_on_shutdown");
        }
        catch (DuckDbException)
        {
            // After a FATAL error it takes no statement.
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            while (_idle.TryPop(out var session))
                session.Close();

            _database?.Dispose();
            _database = null;
        }

        Keys.Dispose();
    }
}
