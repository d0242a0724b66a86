using System.Diagnostics.CodeAnalysis;
using Cronos;

namespace Tidemill.Workflows.Scheduling;

/// <summary>
/// Five fields - minute, hour, day of month, month, day of week - or a shorthand such as <c>@hourly</c>, over wall-clock
/// time. Fields are read by Cronos, with its L, W and #. The day rule is that of Vixie cron's crontab(5): when both day fields are
/// restricted (neither begins with *), a day that matches either of them matches.
/// </summary>
public sealed class CronExpression
{
    /// <summary>29 February is at most eight years away, so an expression that ever matches does so within nine.</summary>
    internal const int HorizonYears = 9;

    private const int Fields = 5;

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

    // Cronos wants both day fields to match; either matches where these are two.
    private readonly Cronos.CronExpression[] _alternatives;

    private CronExpression(string text, bool isFixedTime, Cronos.CronExpression[] alternatives)
    {
        (Text, IsFixedTime, _alternatives) = (text, isFixedTime, alternatives);
    }

    /// <summary>The expression as written.</summary>
    public string Text { get; }

    /// <summary>
    /// True when neither minute nor hour begins with *: the expression means times of day, not a rhythm. Clock changes
    /// neither drop nor repeat such times (see <see cref="Schedule"/>).
    /// </summary>
    public bool IsFixedTime { get; }

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

        var fields = Shorthands.GetValueOrDefault(trimmed, trimmed).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != Fields)
        {
            problem = $"{fields.Length} fields stand where cron has 5 (minute, hour, day of month, month, day of week)";
            return false;
        }

        try
        {
            var isFixedTime = !fields[0].StartsWith('*') && !fields[1].StartsWith('*');
            var read = new CronExpression(trimmed, isFixedTime, [.. Alternatives(fields).Select(f => Cronos.CronExpression.Parse(f))]);
            problem = read.FirstFrom(new DateTime(2000, 1, 1)) is null ? "no month it names has such a day, so it never fires" : null;
            expression = problem is null ? read : null;
            return problem is null;
        }
        catch (CronFormatException error)
        {
            problem = error.Message.Replace("The given cron expression has an invalid format. ", "", StringComparison.Ordinal).TrimEnd('.');
            return false;
        }
    }

    /// <summary>Whether the wall-clock minute matches.</summary>
    public bool Matches(DateTime local) => FirstFrom(local) == local;

    /// <summary>The first matching wall-clock minute at or after <paramref name="local"/> (a whole minute), or null.</summary>
    internal DateTime? FirstFrom(DateTime local)
    {
        // Wall-clock time has no changes, as UTC has none: those of a zone are the schedule's matter.
        var from = DateTime.SpecifyKind(local, DateTimeKind.Utc);
        DateTime? first = null;
        foreach (var alternative in _alternatives)
        {
            if (alternative.GetNextOccurrence(from, inclusive: true) is { } next && (first is null || next < first))
                first = next;
        }

        return first is { } found && found.Year < local.Year + HorizonYears
            ? DateTime.SpecifyKind(found, DateTimeKind.Unspecified)
            : null;
    }

    public override string ToString() => Text;

    private static IEnumerable<string> Alternatives(string[] fields) =>
        IsOpen(fields[2]) || IsOpen(fields[4])
            ? [string.Join(' ', fields)]
            : [$"{fields[0]} {fields[1]} {fields[2]} {fields[3]} *", $"{fields[0]} {fields[1]} * {fields[3]} {fields[4]}"];

    private static bool IsOpen(string field) => field[0] is '*' or '?';
}
