namespace Tidemill.DuckDb;

/// <summary>
/// A cell of TIMESTAMP or TIMESTAMP WITH TIME ZONE: microseconds since 1970-01-01 00:00, in UTC for the latter. Its
/// range, about 290,000 years each way, and its infinities exceed DateTime's.
/// </summary>
public readonly record struct DuckDbTimestamp(long Micros)
{
    public static DuckDbTimestamp PositiveInfinity { get; } = new(long.MaxValue);

    public static DuckDbTimestamp NegativeInfinity { get; } = new(-long.MaxValue);

    public bool IsInfinity => this == PositiveInfinity || this == NegativeInfinity;

    /// <summary>Drops the 100 ns digit; the kind does not matter.</summary>
    public static DuckDbTimestamp FromDateTime(DateTime value) => new(FloorMicros(value.Ticks));

    public static DuckDbTimestamp FromDateTimeOffset(DateTimeOffset value) => new(FloorMicros(value.UtcTicks));

    /// <summary>From a cell of TIMESTAMP_S or TIMESTAMP_MS, whose unit has so many microseconds.</summary>
    public static DuckDbTimestamp FromUnits(long value, int microsPerUnit) =>
        value is long.MaxValue or -long.MaxValue ? new(value) : new(checked(value * microsPerUnit));

    /// <summary>A cell of TIMESTAMP_S or TIMESTAMP_MS; rounds down.</summary>
    public long ToUnits(int microsPerUnit) => IsInfinity ? Micros
        : Micros >= 0 ? Micros / microsPerUnit
        : -((-Micros + microsPerUnit - 1) / microsPerUnit);

    /// <summary>False outside the years 1 to 9999 and for the infinities.</summary>
    public bool TryToDateTime(out DateTime value)
    {
        const long First = -62_135_596_800_000_000, Last = 253_402_300_799_999_999;
        var fits = Micros is >= First and <= Last;
        value = fits ? new(DateTime.UnixEpoch.Ticks + Micros * TimeSpan.TicksPerMicrosecond) : default;
        return fits;
    }

    /// <exception cref="OverflowException">See <see cref="TryToDateTime"/>.</exception>
    public DateTime ToDateTime() => TryToDateTime(out var value)
        ? value
        : throw new OverflowException($"The timestamp {this} lies outside DateTime's range.");

    public DateTimeOffset ToDateTimeOffset() => new(ToDateTime(), TimeSpan.Zero);

    public override string ToString() =>
        this == PositiveInfinity ? "infinity"
        : this == NegativeInfinity ? "-infinity"
        : TryToDateTime(out var value) ? value.ToString("yyyy-MM-dd HH:mm:ss.ffffff", null)
        : FarDate.OfTimestamp(Micros, "");

    private static long FloorMicros(long ticks)
    {
        // The epoch lies on a whole microsecond, so flooring before or after subtracting it is the same.
        return (ticks - ticks % TimeSpan.TicksPerMicrosecond - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond;
    }
}

/// <summary>A cell of TIMESTAMP WITH TIME ZONE that .NET's DateTime does not hold; the same numbers as in
/// <see cref="DuckDbTimestamp"/>.</summary>
public readonly record struct DuckDbTimestampTz(long Micros)
{
    public override string ToString() =>
        new DuckDbTimestamp(Micros) is { IsInfinity: true } infinity ? infinity.ToString() : FarDate.OfTimestamp(Micros, "Z");
}
