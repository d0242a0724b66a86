using System.Globalization;
using System.Text.RegularExpressions;

namespace Tidemill.Core.Configuration.Values;

/// <summary>
/// Sizes as configuration writes them: <c>512KiB</c>, <c>16MB</c>, <c>10GB</c>, or bare bytes.
/// KB, MB, GB, TB count in thousands; KiB, MiB, GiB, TiB in 1024s.
/// </summary>
public static partial class ByteSizeText
{
    internal const string Pattern = @"^[0-9]+(\.[0-9]+)? ?([kKmMgGtT]i?)?[bB]?$";

    /// <summary>False for anything else and for what exceeds 2^53 bytes.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        ArgumentNullException.ThrowIfNull(text);
        bytes = 0;
        var match = text.Length > 64 ? Match.Empty : Whole().Match(text.Trim());
        if (!match.Success)
            return false;

        var prefix = match.Groups[2].Value.ToUpperInvariant();
        var thousand = prefix.EndsWith('I') ? 1024d : 1000d;
        var power = prefix.Length == 0 ? 0 : "KMGT".IndexOf(prefix[0], StringComparison.Ordinal) + 1;
        var value = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) * Math.Pow(thousand, power);
        if (value > 1L << 53)
            return false;

        bytes = (long)Math.Round(value);
        return true;
    }

    [GeneratedRegex(@"^([0-9]+(?:\.[0-9]+)?) ?(?:([kKmMgGtT]i?)[bB]?|[bB])?$")]
    private static partial Regex Whole();
}
