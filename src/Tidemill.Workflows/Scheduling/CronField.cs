using System.Globalization;

namespace Tidemill.Workflows.Scheduling;

/// <summary>
/// One field of a cron expression: bit n of <see cref="Bits"/> says that value n matches. <see cref="Star"/> is true when
/// the text begins with <c>*</c>, which cron's day rule and clock-change rule ask for.
/// </summary>
internal readonly record struct CronField(ulong Bits, bool Star)
{
    public bool Has(int value) => (Bits >> value & 1) != 0;

    /// <summary>The first matching value from <paramref name="value"/> on, or -1.</summary>
    public int FirstFrom(int value)
    {
        var rest = value > 63 ? 0 : Bits >> value << value;
        return rest == 0 ? -1 : System.Numerics.BitOperations.TrailingZeroCount(rest);
    }
}

/// <summary>What a field may hold. <paramref name="Names"/> stand for the values from <paramref name="Min"/> on.</summary>
internal sealed record CronFieldKind(string Name, int Min, int Max, IReadOnlyList<string> Names)
{
    public static readonly CronFieldKind Minute = new("minute", 0, 59, []);
    public static readonly CronFieldKind Hour = new("hour", 0, 23, []);
    public static readonly CronFieldKind DayOfMonth = new("day of month", 1, 31, []);
    public static readonly CronFieldKind Month =
        new("month", 1, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]);

    /// <summary>0 and 7 are both Sunday; the bits hold 0..6.</summary>
    public static readonly CronFieldKind DayOfWeek =
        new("day of week", 0, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]);

    /// <summary>Reads a list of values, ranges and steps; <paramref name="problem"/> says what is wrong with it.</summary>
    public bool TryParse(string text, out CronField field, out string? problem)
    {
        field = default;
        problem = null;
        ulong bits = 0;
        foreach (var part in text.Split(','))
        {
            problem = ParsePart(part, ref bits);
            if (problem is not null)
            {
                problem = $"{problem} in the {Name} field \"{text}\"";
                return false;
            }
        }

        if (this == DayOfWeek)
            bits = (bits | bits >> 7) & 0b111_1111;

        field = new CronField(bits, text.StartsWith('*'));
        return true;
    }

    private string? ParsePart(string part, ref ulong bits)
    {
        if (part.Length == 0)
            return "an empty value stands";

        var slash = part.IndexOf('/', StringComparison.Ordinal);
        var range = slash < 0 ? part : part[..slash];
        var step = 1;
        if (slash >= 0 && (!TryNumber(part[(slash + 1)..], out step) || step < 1 || step > Max))
            return $"a step must be a number from 1 to {Max}";

        if (ParseRange(range, out var first, out var last) is { } problem)
            return problem;

        if (slash >= 0 && range != "*" && !range.Contains('-', StringComparison.Ordinal))
            return $"a step needs a range, such as {range}-{Max}/{step}";

        for (var value = first; value <= last; value += step)
            bits |= 1UL << value;

        return null;
    }

    private string? ParseRange(string range, out int first, out int last)
    {
        // A star in the day of week ends at Saturday: 7 would only repeat Sunday, and */7 must not.
        (first, last) = (Min, this == DayOfWeek ? 6 : Max);
        if (range == "*")
            return null;

        var dash = range.IndexOf('-', StringComparison.Ordinal);
        var from = dash < 0 ? range : range[..dash];
        var to = dash < 0 ? range : range[(dash + 1)..];
        if (!TryValue(from, out first))
            return NotAValue(from);

        if (!TryValue(to, out last))
            return NotAValue(to);

        if (this == DayOfWeek && dash >= 0 && last == 0 && first > 0)
            last = 7;

        return first <= last ? null : $"the range {range} runs backwards";
    }

    private string NotAValue(string text)
    {
        var names = Names.Count == 0 ? "" : $" or {Names[0]} to {Names[^1]}";
        return $"\"{text}\" is not a number from {Min} to {Max}{names}";
    }

    private bool TryValue(string text, out int value)
    {
        for (var i = 0; i < Names.Count; i++)
        {
            if (Names[i].Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                value = i + Min;
                return true;
            }
        }

        return TryNumber(text, out value) && value >= Min && value <= Max;
    }

    private static bool TryNumber(string text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}
