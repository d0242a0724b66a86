namespace Tidemill.Log.Partitions;

/// <summary>
/// One call's batches on their way to disk: completes when the last of them is acknowledged or has failed,
/// with the first failure if there was one.
/// </summary>
internal sealed class ProduceOperation
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // One for the caller, who counts itself down with AllHandedOver.
    private int left = 1;
    private Exception? failure;

    public Task Completion => completion.Task;

    public void BatchAdded() => Interlocked.Increment(ref left);

    public void AllHandedOver() => BatchDone(null);

    public void BatchDone(Exception? error)
    {
        if (error is not null) Interlocked.CompareExchange(ref failure, error, null);
        if (Interlocked.Decrement(ref left) > 0) return;
        if (failure is null) completion.SetResult();
        else completion.SetException(failure);
    }
}
