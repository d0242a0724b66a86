namespace Tidemill.Log.Partitions;

/// <summary>
/// One call's batches on their way to disk: completes when the last of them is acknowledged or has failed,
/// with the first failure if there was one.
/// </summary>
internal sealed class ProduceOperation
{
    private readonly TaskCompletionSource _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the caller, who counts itself down with AllHandedOver.
    private int _left = 1;
    private Exception? _failure;

    public Task Completion => _completion.Task;

    public void BatchAdded() => Interlocked.Increment(ref _left);

    public void AllHandedOver() => BatchDone(null);

    public void BatchDone(Exception? error)
    {
        if (error is not null) Interlocked.CompareExchange(ref _failure, error, null);
        if (Interlocked.Decrement(ref _left) > 0) return;
        if (_failure is null) _completion.SetResult();
        else _completion.SetException(_failure);
    }
}
