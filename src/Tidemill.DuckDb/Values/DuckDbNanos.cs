using System.Globalization;

namespace Tidemill.DuckDb;

/// <summary>A cell of TIMESTAMP_NS: nanoseconds since 1970-01-01 00:00; years 1677 to 2262.</summary>
public readonly record struct DuckDbTimestampNs(long Nanos)
{
    public static DuckDbTimestampNs PositiveInfinity { get; } = new(long.MaxValue);

    public static DuckDbTimestampNs NegativeInfinity { get; } = new(-long.MaxValue);

    public bool IsInfinity => this == PositiveInfinity || this == NegativeInfinity;

    public static DuckDbTimestampNs FromDateTime(DateTime value) =>
        new(checked((value.Ticks - DateTime.UnixEpoch.Ticks) * TimeSpan.NanosecondsPerTick));

    public override string ToString()
    {
        if (IsInfinity) return Nanos > 0 ? "infinity" : "-infinity";
        var (seconds, nanos) = (Math.DivRem(Nanos, 1_000_000_000, out var rest), rest);
        if (nanos < 0) (seconds, nanos) = (seconds - 1, nanos + 1_000_000_000);
        return string.Create(
            CultureInfo.InvariantCulture, $"{DateTime.UnixEpoch.AddSeconds(seconds):yyyy-MM-dd HH:mm:ss}.{nanos:000000000}");
    }
}

/// <summary>A cell of TIME_NS: nanoseconds since midnight.</summary>
public readonly record struct DuckDbTimeNs(long Nanos)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{TimeSpan.FromSeconds(Nanos / 1_000_000_000):hh\\:mm\\:ss}.{Nanos % 1_000_000_000:000000000}");
}
