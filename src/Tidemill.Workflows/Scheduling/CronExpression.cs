using System.Diagnostics.CodeAnalysis;

namespace Tidemill.Workflows.Scheduling;

/// <summary>
/// Five fields - minute, hour, day of month, month, day of week - or a shorthand such as <c>@hourly</c>, over wall-clock
/// time. Values, names, ranges, steps and lists as in Vixie cron's crontab(5), and its day rule: when both day fields are
/// restricted (neither begins with *), a day that matches either of them matches.
/// </summary>
public sealed class CronExpression
{
    /// <summary>29 February is at most eight years away, so an expression that ever matches does so within nine.</summary>
    internal const int HorizonYears = 9;

    private static readonly Dictionary<string, string> Shorthands = new(StringComparer.OrdinalIgnoreCase)
    {
        ["@hourly"] = "0 * * * *",
        ["@daily"] = "0 0 * * *",
        ["@midnight"] = "0 0 * * *",
        ["@weekly"] = "0 0 * * 0",
        ["@monthly"] = "0 0 1 * *",
        ["@yearly"] = "0 0 1 1 *",
        ["@annually"] = "0 0 1 1 *",
    };

    private static readonly CronFieldKind[] Kinds =
        [CronFieldKind.Minute, CronFieldKind.Hour, CronFieldKind.DayOfMonth, CronFieldKind.Month, CronFieldKind.DayOfWeek];

    private readonly CronField _minute;
    private readonly CronField _hour;
    private readonly CronField _dayOfMonth;
    private readonly CronField _month;
    private readonly CronField _dayOfWeek;

    private CronExpression(string text, CronField[] fields)
    {
        Text = text;
        (_minute, _hour, _dayOfMonth, _month, _dayOfWeek) = (fields[0], fields[1], fields[2], fields[3], fields[4]);
    }

    /// <summary>The expression as written.</summary>
    public string Text { get; }

    /// <summary>
    /// True when neither minute nor hour begins with *: the expression means times of day, not a rhythm. Clock changes
    /// neither drop nor repeat such times (see <see cref="Schedule"/>).
    /// </summary>
    public bool IsFixedTime => !_minute.Star && !_hour.Star;

    /// <summary>Reads an expression; <paramref name="problem"/> is one clause that says what is wrong.</summary>
    public static bool TryParse(
        string text, [NotNullWhen(true)] out CronExpression? expression, [NotNullWhen(false)] out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        expression = null;
        var trimmed = text.Trim();
        if (trimmed.StartsWith('@') && !Shorthands.ContainsKey(trimmed))
        {
            problem = $"\"{trimmed}\" is none of {string.Join(", ", Shorthands.Keys)}";
            return false;
        }

        var parts = Shorthands.GetValueOrDefault(trimmed, trimmed).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != Kinds.Length)
        {
            problem = $"{parts.Length} fields stand where cron has 5 (minute, hour, day of month, month, day of week)";
            return false;
        }

        var fields = new CronField[Kinds.Length];
        for (var i = 0; i < Kinds.Length; i++)
        {
            if (!Kinds[i].TryParse(parts[i], out fields[i], out problem))
            {
                problem ??= "it cannot be read";
                return false;
            }
        }

        var read = new CronExpression(trimmed, fields);
        problem = read.FirstFrom(new DateTime(2000, 1, 1)) is null ? "no month it names has such a day, so it never fires" : null;
        expression = problem is null ? read : null;
        return problem is null;
    }

    /// <summary>Whether the wall-clock minute matches.</summary>
    public bool Matches(DateTime local) =>
        _minute.Has(local.Minute) && _hour.Has(local.Hour) && _month.Has(local.Month) && MatchesDay(local);

    /// <summary>The first matching wall-clock minute at or after <paramref name="local"/> (a whole minute), or null.</summary>
    internal DateTime? FirstFrom(DateTime local)
    {
        var end = Math.Min(local.Year + HorizonYears, 9999);
        for (var day = local.Date; day.Year < end;)
        {
            if (!_month.Has(day.Month))
            {
                day = new DateTime(day.Year, day.Month, 1).AddMonths(1);
                continue;
            }

            if (MatchesDay(day) && FirstTimeFrom(day == local.Date ? local.TimeOfDay : TimeSpan.Zero) is { } time)
                return day + time;

            day = day.AddDays(1);
        }

        return null;
    }

    public override string ToString() => Text;

    private bool MatchesDay(DateTime day)
    {
        var inMonth = _dayOfMonth.Has(day.Day);
        var inWeek = _dayOfWeek.Has((int)day.DayOfWeek);
        return _dayOfMonth.Star || _dayOfWeek.Star ? inMonth && inWeek : inMonth || inWeek;
    }

    private TimeSpan? FirstTimeFrom(TimeSpan time)
    {
        var firstHour = _hour.FirstFrom(time.Hours);
        if (firstHour < 0)
            return null;

        var firstMinute = _minute.FirstFrom(firstHour == time.Hours ? time.Minutes : 0);
        if (firstMinute >= 0)
            return new TimeSpan(firstHour, firstMinute, 0);

        firstHour = _hour.FirstFrom(firstHour + 1);
        return firstHour < 0 ? null : new TimeSpan(firstHour, _minute.FirstFrom(0), 0);
    }
}
