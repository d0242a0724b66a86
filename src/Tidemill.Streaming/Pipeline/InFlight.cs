namespace Tidemill.Streaming.Pipeline;

/// <summary>Counts the batches and bytes under way: holds the reading back at a bound, and tells when there are none.</summary>
internal sealed class InFlight(long maxBytes)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _empty;
    private TaskCompletionSource? _room;
    private int _count;
    private long _bytes;

    public void Enter(long bytes)
    {
        lock (_lock)
        {
            _count++;
            _bytes += bytes;
        }
    }

    public void Leave(long bytes)
    {
        lock (_lock)
        {
            _bytes -= bytes;
            if (_bytes < maxBytes)
            {
                _room?.TrySetResult();
                _room = null;
            }

            if (--_count == 0)
            {
                _empty?.TrySetResult();
                _empty = null;
            }
        }
    }

    /// <summary>Completes when less than the bound is under way.</summary>
    public Task WhenRoomAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_bytes < maxBytes)
                return Task.CompletedTask;

            _room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _room.Task.WaitAsync(cancellationToken);
        }
    }

    public Task WhenEmptyAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_count == 0)
                return Task.CompletedTask;

            _empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task.WaitAsync(cancellationToken);
        }
    }
}
