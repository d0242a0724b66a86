namespace Tidemill.Core.Hosting;

/// <summary>
/// Says whether a background loop advances. The loop beats each time it comes round; a loop that ended by an error, or has not come
/// round for longer than it may, has a problem. Safe for concurrent callers.
/// </summary>
/// <param name="name">The loop's name for people.</param>
/// <param name="longest">Longest time between two beats.</param>
/// <param name="time">The clock.</param>
public sealed class Heartbeat(string name, TimeSpan longest, TimeProvider time)
{
    private long _last = time.GetTimestamp();
    private volatile string? _failure;

    public string Name => name;

    /// <summary>One sentence that says what is wrong; null while the loop advances.</summary>
    public string? Problem
    {
        get
        {
            if (_failure is { } failure) return $"{name} ended: {failure}";
            var still = time.GetElapsedTime(Interlocked.Read(ref _last));
            return still > longest ? $"{name} has stood still for {still.TotalSeconds:F0} s" : null;
        }
    }

    public void Beat() => Interlocked.Exchange(ref _last, time.GetTimestamp());

    /// <summary>The loop ended by this error and does not go on.</summary>
    public void Fail(Exception error) => _failure = error.Message;
}
