using Tidemill.Core.Errors;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb;

/// <summary>
/// A connection with what hangs on it. One caller at a time works with it; closing it from another thread interrupts
/// the work and waits for its end, so that nothing native is freed under a caller.
/// </summary>
internal sealed class DuckDbSession(DuckDbConnection connection, string description)
{
    private readonly Lock _work = new();
    private volatile bool _closing;
    private bool _closed;

    public DuckDbDatabase Database => connection.Database;

    /// <summary>
    /// True from the moment the session is of no more use. A holder then lets go of it; its transaction is gone.
    /// </summary>
    public bool IsClosing => _closing;

    /// <summary>Releases what keeps the engine alive besides the connection: prepared statements, a streamed result.</summary>
    public Action? Closing { get; set; }

    /// <summary>Does the work; Unavailable when the session was closed before or meanwhile.</summary>
    /// <exception cref="DuckDbException">DuckDB's error.</exception>
    public T Run<T>(Func<DuckDbConnection, T> work, CancellationToken cancellationToken)
    {
        lock (_work)
        {
            ThrowIfClosing(null);
            try
            {
                using var scope = connection.CancelWith(cancellationToken);
                return work(connection);
            }
            catch (DuckDbException error) when (error.ErrorType == DuckDbErrorType.Interrupt)
            {
                ThrowIfClosing(error);
                throw;
            }
        }
    }

    /// <summary>Stops what runs; what comes after is refused.</summary>
    public void Interrupt()
    {
        _closing = true;
        connection.Interrupt();
    }

    public void Close()
    {
        _closing = true;
        lock (_work)
        {
            if (_closed)
                return;

            _closed = true;
            Closing?.Invoke();
            connection.Dispose();
        }
    }

    private void ThrowIfClosing(DuckDbException? error)
    {
        if (_closing)
            throw new TidemillException(ErrorCode.Unavailable, $"{description} was closed after a failure and is opened again.", error);
    }
}
