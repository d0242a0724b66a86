namespace Tidemill.Workflows.Scheduling;

/// <summary>A change of a zone's offset. <paramref name="At"/> is the first instant with the offset after it.</summary>
internal readonly record struct ClockChange(DateTimeOffset At, TimeSpan Before, TimeSpan After)
{
    /// <summary>The change in (from, to], both whole minutes; null when the offsets at both ends agree.</summary>
    public static ClockChange? Find(TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset to)
    {
        var (before, after) = (zone.GetUtcOffset(from), zone.GetUtcOffset(to));
        if (before == after)
            return null;

        var (low, high) = (0L, (to - from).Ticks / TimeSpan.TicksPerMinute);
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (zone.GetUtcOffset(from.AddMinutes(middle)) == before)
                low = middle;
            else
                high = middle;
        }

        return new ClockChange(from.AddMinutes(high), before, after);
    }
}
