namespace Tidemill.Streaming.Status;

/// <summary>The last values of a duration, for quantiles. A fixed ring: memory stays flat. Safe for concurrent callers.</summary>
internal sealed class LatencyWindow(TimeProvider time, int capacity = 512)
{
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    private readonly (long At, double Milliseconds)[] _values = new (long, double)[capacity];
    private readonly Lock _lock = new();
    private int _next;
    private int _count;

    public void Add(double milliseconds)
    {
        lock (_lock)
        {
            _values[_next] = (time.GetTimestamp(), milliseconds);
            _next = (_next + 1) % _values.Length;
            _count = Math.Min(_count + 1, _values.Length);
        }
    }

    /// <summary>Quantiles by the nearest-rank method over values of the last minute; the last one alone when all are older.</summary>
    public LatencyQuantiles Quantiles()
    {
        double[] recent;
        lock (_lock)
        {
            if (_count == 0)
                return new LatencyQuantiles(double.NaN, double.NaN);

            recent = [.. _values.Take(_count).Where(v => time.GetElapsedTime(v.At) <= Kept).Select(v => v.Milliseconds)];
            if (recent.Length == 0)
                recent = [_values[(_next + _values.Length - 1) % _values.Length].Milliseconds];
        }

        Array.Sort(recent);
        return new LatencyQuantiles(Rank(recent, 0.50), Rank(recent, 0.99));
    }

    private static double Rank(double[] sorted, double quantile) =>
        sorted[Math.Clamp((int)Math.Ceiling(quantile * sorted.Length) - 1, 0, sorted.Length - 1)];
}
