namespace Tidemill.Streaming.Pipeline;

/// <summary>Holds a loop while a person wants it held.</summary>
internal sealed class PauseGate
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _closed;

    public bool IsClosed
    {
        get
        {
            lock (_lock)
                return _closed is not null;
        }
    }

    public void Close()
    {
        lock (_lock)
            _closed ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Open()
    {
        lock (_lock)
        {
            _closed?.TrySetResult();
            _closed = null;
        }
    }

    public Task OpenAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return _closed?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;
    }
}
