using Tidemill.Core.Components;
using Tidemill.Core.Errors;

namespace Tidemill.Workflows.Scheduling;

/// <summary>
/// Fire times of a cron expression in a time zone. Where the clock changes, Vixie cron's rule applies. An expression of
/// fixed times (<see cref="CronExpression.IsFixedTime"/>) fires once for times that the change skips, at the first instant
/// after it, and once, the first time, for times that the change repeats. Any other expression fires at every minute that
/// the wall clock shows and that matches: never in a skipped hour, twice in a repeated one, so that its rhythm goes on.
/// All results are UTC.
/// </summary>
public sealed class Schedule(CronExpression cron, TimeZoneInfo zone)
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    /// <summary>No zone has changed its clock by more, or twice within it.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromDays(1);

    public CronExpression Cron { get; } = cron;

    public TimeZoneInfo Zone { get; } = zone;

    /// <summary>ConfigurationInvalid (without a file: the caller knows it) when cron or zone cannot be read.</summary>
    public static Schedule Parse(string cron, string timeZone)
    {
        if (!CronExpression.TryParse(cron, out var expression, out var problem))
            throw new TidemillException(ErrorCode.ConfigurationInvalid, $"The schedule \"{cron}\" is wrong: {problem}.");

        return TimeZoneInfo.TryFindSystemTimeZoneById(timeZone, out var zone)
            ? new Schedule(expression, zone)
            : throw new TidemillException(ErrorCode.ConfigurationInvalid, $"There is no time zone \"{timeZone}\" on this system.");
    }

    /// <summary>The first fire time after <paramref name="after"/>, or null when none comes within nine years.</summary>
    public DateTimeOffset? Next(DateTimeOffset after)
    {
        var at = Floor(after.ToUniversalTime()) + Minute;
        var horizon = at.AddYears(CronExpression.HorizonYears);
        while (at < horizon)
        {
            if (ClockChange.Find(Zone, at - Window, at) is { } last)
            {
                if (last.At == at && Skips(last))
                    return at;

                at = AfterRepeated(last, at);
            }

            var offset = Zone.GetUtcOffset(at);
            if (Cron.FirstFrom(Wall(at, offset)) is not { } local)
                return null;

            var fire = new DateTimeOffset(local, offset).ToUniversalTime();
            var coming = ClockChange.Find(Zone, at, at + Window);
            var end = coming?.At ?? at + Window;
            if (fire < end)
                return fire;

            // No wall-clock time between here and the fire time matches, so that whatever the clock does before the
            // last days cannot bring one up.
            at = coming is null && fire - end > 3 * Window ? fire - (2 * Window) : end;
        }

        return null;
    }

    /// <summary>The last fire time before <paramref name="before"/>, or null when none lies within nine years.</summary>
    public DateTimeOffset? Previous(DateTimeOffset before)
    {
        var longest = TimeSpan.FromDays(366 * CronExpression.HorizonYears);
        for (var back = TimeSpan.FromHours(1); back < longest * 2; back *= 2)
        {
            var found = Next(before - back);
            if (found is null || found >= before)
                continue;

            for (var next = Next(found.Value); next < before; next = Next(next.Value))
                found = next;

            return found;
        }

        return null;
    }

    /// <summary>The interval that ends at a fire time.</summary>
    public DataInterval IntervalEndingAt(DateTimeOffset fire) => new(Previous(fire) ?? fire, fire);

    /// <summary>The last interval that has ended at <paramref name="now"/>: what a run started by hand is about.</summary>
    public DataInterval LastInterval(DateTimeOffset now) => IntervalEndingAt(Previous(now + TimeSpan.FromTicks(1)) ?? now);

    private bool Skips(ClockChange change) =>
        Cron.IsFixedTime && change.After > change.Before
        && Cron.FirstFrom(Wall(change.At, change.Before)) < Wall(change.At, change.After);

    private DateTimeOffset AfterRepeated(ClockChange change, DateTimeOffset at)
    {
        var end = change.At + (change.Before - change.After);
        return Cron.IsFixedTime && end > at ? end : at;
    }

    private static DateTime Wall(DateTimeOffset at, TimeSpan offset) => new(at.UtcTicks + offset.Ticks);

    private static DateTimeOffset Floor(DateTimeOffset at) => new(at.Ticks - (at.Ticks % Minute.Ticks), TimeSpan.Zero);
}
