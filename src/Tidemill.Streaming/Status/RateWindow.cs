namespace Tidemill.Streaming.Status;

/// <summary>Counts per second over the last ten whole seconds. Safe for concurrent callers.</summary>
internal sealed class RateWindow(TimeProvider time)
{
    private const int Seconds = 10;

    private readonly long[] _counts = new long[Seconds + 1];
    private readonly long[] _second = new long[Seconds + 1];
    private readonly Lock _lock = new();
    private readonly long _started = time.GetTimestamp();

    public void Add(long count)
    {
        lock (_lock)
        {
            var now = Now();
            var slot = now % _counts.Length;
            if (_second[slot] != now)
            {
                _second[slot] = now;
                _counts[slot] = 0;
            }

            _counts[slot] += count;
        }
    }

    public double PerSecond()
    {
        lock (_lock)
        {
            var now = Now();
            var seconds = Math.Min(now, Seconds);
            if (seconds == 0)
                return _counts[0];

            long sum = 0;
            for (var i = 0; i < _counts.Length; i++)
            {
                if (_second[i] < now && _second[i] >= now - seconds)
                    sum += _counts[i];
            }

            return (double)sum / seconds;
        }
    }

    private long Now() => (long)time.GetElapsedTime(_started).TotalSeconds;
}
