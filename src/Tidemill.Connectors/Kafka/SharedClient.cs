namespace Tidemill.Connectors.Kafka;

/// <summary>
/// A client of librdkafka that several requests use side by side. It is disposed once its owner and the last of them have let
/// it go: calls under way must not see it go.
/// </summary>
internal sealed class SharedClient<T>(T client) where T : IDisposable
{
    private readonly TaskCompletionSource _gone = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The owner's.
    private int _references = 1;

    public T Client => client;

    /// <summary>Completes when the client is disposed.</summary>
    public Task Gone => _gone.Task;

    /// <summary>Only while somebody else holds one.</summary>
    public void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>The last one out has the client disposed, which waits for its threads, of which the caller may be one.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) > 0) return;
        _ = Task.Run(() =>
        {
            try
            {
                client.Dispose();
            }
            finally
            {
                _gone.SetResult();
            }
        });
    }
}
