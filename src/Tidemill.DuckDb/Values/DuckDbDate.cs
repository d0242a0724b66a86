namespace Tidemill.DuckDb;

/// <summary>A cell of DATE: days since 1970-01-01. Its range and infinities exceed DateOnly's.</summary>
public readonly record struct DuckDbDate(int Days)
{
    private const int EpochDay = 719_162;

    public static DuckDbDate PositiveInfinity { get; } = new(int.MaxValue);

    public static DuckDbDate NegativeInfinity { get; } = new(-int.MaxValue);

    public bool IsInfinity => this == PositiveInfinity || this == NegativeInfinity;

    public static DuckDbDate FromDateOnly(DateOnly value) => new(value.DayNumber - EpochDay);

    /// <summary>False outside the years 1 to 9999 and for the infinities.</summary>
    public bool TryToDateOnly(out DateOnly value)
    {
        var day = (long)Days + EpochDay;
        var fits = day >= 0 && day <= DateOnly.MaxValue.DayNumber;
        value = fits ? DateOnly.FromDayNumber((int)day) : default;
        return fits;
    }

    public override string ToString() =>
        this == PositiveInfinity ? "infinity"
        : this == NegativeInfinity ? "-infinity"
        : TryToDateOnly(out var value) ? value.ToString("yyyy-MM-dd", null)
        : FarDate.OfDate(Days);
}
