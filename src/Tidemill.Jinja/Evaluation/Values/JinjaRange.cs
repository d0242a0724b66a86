namespace Tidemill.Jinja.Evaluation;

/// <summary>Python's <c>range</c>; at most 100,000 long, the bound that Jinja2's sandbox sets.</summary>
internal sealed class JinjaRange
{
    public const int MaxLength = 100_000;

    public JinjaRange(long start, long stop, long step)
    {
        if (step == 0)
            throw new JinjaException("range() step must not be zero");
        var distance = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        var width = Int128.Abs(step);
        var length = distance <= 0 ? 0 : (distance + width - 1) / width;
        if (length > MaxLength)
            throw new JinjaException($"a range may be at most {MaxLength} long");
        (Start, Stop, Step, Length) = (start, stop, step, (int)length);
    }

    public long Start { get; }

    public long Stop { get; }

    public long Step { get; }

    public int Length { get; }

    /// <summary>Every so many of the numbers between two places, the first included.</summary>
    public JinjaRange Slice((long First, long End) bounds, long stride)
    {
        var start = Start + (bounds.First * Step);
        return new JinjaRange(start, Start + (bounds.End * Step), Step * stride);
    }

    public IEnumerable<object?> Items => Enumerable.Range(0, Length).Select(i => (object?)(Start + (i * Step)));
}
