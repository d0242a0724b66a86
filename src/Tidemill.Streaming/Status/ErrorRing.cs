namespace Tidemill.Streaming.Status;

/// <summary>The last errors of a stream; the same one in a row is counted, not repeated. Safe for concurrent callers.</summary>
internal sealed class ErrorRing(TimeProvider time)
{
    public const int Capacity = 20;

    private readonly Lock _lock = new();
    private readonly LinkedList<StreamError> _errors = [];

    public void Add(string message)
    {
        lock (_lock)
        {
            var times = 1;
            if (_errors.First is { } first && first.Value.Message == message)
            {
                times = first.Value.Times + 1;
                _errors.RemoveFirst();
            }

            _errors.AddFirst(new StreamError(time.GetUtcNow(), message, times));
            if (_errors.Count > Capacity)
                _errors.RemoveLast();
        }
    }

    /// <summary>Latest first.</summary>
    public IReadOnlyList<StreamError> Latest()
    {
        lock (_lock)
            return [.. _errors];
    }
}
