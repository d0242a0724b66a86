namespace Tidemill.Core.Logs;

/// <summary>Wakes one waiting reader. A signal given while nobody waits is kept for the next wait.</summary>
public sealed class WakeSignal
{
    private readonly Lock _gate = new();
    private TaskCompletionSource? _waiting;
    private bool _signalled;

    public void Set()
    {
        lock (_gate)
        {
            _signalled = true;
            _waiting?.TrySetResult();
            _waiting = null;
        }
    }

    /// <summary>Forgets earlier signals. Called before looking for work, so that none is missed in between.</summary>
    public void Reset()
    {
        lock (_gate) _signalled = false;
    }

    /// <summary>Returns when signalled, when the time is up, or on cancellation; it does not throw.</summary>
    public async ValueTask WaitAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
    {
        Task task;
        lock (_gate)
        {
            if (_signalled) return;
            _waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = _waiting.Task;
        }

        await task.WaitAsync(time, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
