namespace Tidemill.Streaming.Pipeline;

/// <summary>One session of a stream at a time, which work on the stream's checkpoints may end and take the place of.</summary>
#pragma warning disable CA1001 // A semaphore whose wait handle is never asked for holds nothing to dispose.
internal sealed class SessionSlot
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private CancellationTokenSource? _current;
    private int _waiting;

    /// <summary>Runs a session; true when it was ended for other work and is to be run again.</summary>
    public async Task<bool> RunAsync(Func<CancellationToken, Task> session, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        using var own = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Set(own);
        try
        {
            await session(own.Token);
        }
        catch (OperationCanceledException) when (own.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            // Ended for other work.
        }
        finally
        {
            Set(null);
            _turn.Release();
        }

        return own.IsCancellationRequested && !stop.IsCancellationRequested;
    }

    /// <summary>Ends the session that runs, if any, and does the work before the next one begins.</summary>
    public async Task RunExclusiveAsync(Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _waiting++;
            _current?.Cancel();
        }

        try
        {
            await _turn.WaitAsync(cancellationToken);
            try
            {
                await work(cancellationToken);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            lock (_lock)
                _waiting--;
        }
    }

    private void Set(CancellationTokenSource? session)
    {
        lock (_lock)
        {
            _current = session;
            if (_waiting > 0)
            {
                // A session that came first in spite of the work that waits gives way at once.
                session?.Cancel();
            }
        }
    }
}
