namespace Tidemill.Core.Logs;

/// <summary>Wakes one waiting reader. A signal given while nobody waits is kept for the next wait.</summary>
public sealed class WakeSignal
{
    private readonly Lock gate = new();
    private TaskCompletionSource? waiting;
    private bool signalled;

    public void Set()
    {
        lock (gate)
        {
            signalled = true;
            waiting?.TrySetResult();
            waiting = null;
        }
    }

    /// <summary>Forgets earlier signals. Called before looking for work, so that none is missed in between.</summary>
    public void Reset()
    {
        lock (gate) signalled = false;
    }

    /// <summary>Returns when signalled, when the time is up, or on cancellation; it does not throw.</summary>
    public async ValueTask WaitAsync(TimeSpan time, TimeProvider clock, CancellationToken cancellationToken)
    {
        Task task;
        lock (gate)
        {
            if (signalled) return;
            waiting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            task = waiting.Task;
        }

        await task.WaitAsync(time, clock, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
