using System.Globalization;
using System.Text.RegularExpressions;

namespace Tidemill.Core.Configuration.Values;

/// <summary>Durations as configuration writes them: <c>200ms</c>, <c>5s</c>, <c>1h30m</c>, <c>7d</c>, <c>2w</c>, or ISO 8601
/// (<c>PT5M</c>).</summary>
public static partial class DurationText
{
    internal const string Pattern =
        @"^([0-9]+(\.[0-9]+)?(ms|s|m|h|d|w))+$|^P([0-9]+W)?([0-9]+D)?(T([0-9]+H)?([0-9]+M)?([0-9]+(\.[0-9]+)?S)?)?$";

    /// <summary>False for anything else, also for years and months, whose length varies, and for what exceeds 100,000 days.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        ArgumentNullException.ThrowIfNull(text);
        duration = default;
        var trimmed = text.Trim();
        if (trimmed.Length > 64 || !Whole().IsMatch(trimmed))
            return false;

        double milliseconds = 0;
        var parts = 0;
        foreach (Match part in Part().Matches(trimmed))
        {
            parts++;
            milliseconds += double.Parse(part.Groups[1].Value, CultureInfo.InvariantCulture) * MillisecondsIn(part.Groups[2].Value);
        }

        if (parts == 0 || trimmed.EndsWith('T') || milliseconds > 100_000 * 86_400_000d)
            return false;

        duration = TimeSpan.FromTicks((long)Math.Round(milliseconds * TimeSpan.TicksPerMillisecond));
        return true;
    }

    private static double MillisecondsIn(string unit) => unit switch
    {
        "ms" => 1,
        "s" or "S" => 1000,
        "m" or "M" => 60_000,
        "h" or "H" => 3_600_000,
        "d" or "D" => 86_400_000,
        "w" or "W" => 7 * 86_400_000d,
        _ => throw new InvalidOperationException($"Duration unit {unit} is in the pattern but has no length."),
    };

    [GeneratedRegex(Pattern)]
    private static partial Regex Whole();

    [GeneratedRegex(@"([0-9]+(?:\.[0-9]+)?)(ms|[smhdwSMHDW])")]
    private static partial Regex Part();
}
