using System.Text;
using System.Text.RegularExpressions;

namespace Tidemill.Models.Selection;

/// <summary>
/// Shell patterns as Python's <c>fnmatch</c> and <c>pathlib</c> have them: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[!abc]</c>. Matching takes
/// time linear in the text.
/// </summary>
internal static class Wildcard
{
    private static readonly char[] Signs = ['*', '?', '[', ']'];

    public static bool IsPattern(string text) => text.IndexOfAny(Signs) >= 0;

    public static bool Matches(string text, string pattern) => IsPattern(pattern)
        ? Regex.IsMatch(text, Translate(pattern), RegexOptions.Singleline | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)
        : text == pattern;

    /// <summary>True when the pattern names the file or a folder around it; <c>**</c> stands for any number of folders.</summary>
    public static bool MatchesPath(string path, string pattern)
    {
        var parts = path.Split('/');
        var patterns = pattern.Split('/').Where(part => part is not ("" or ".")).ToList();
        return patterns.Count > 0 && Enumerable.Range(1, parts.Length).Any(count => MatchesParts(parts.AsSpan(0, count), patterns, 0));
    }

    private static bool MatchesParts(ReadOnlySpan<string> parts, List<string> patterns, int at)
    {
        if (at == patterns.Count)
            return parts.IsEmpty;
        if (patterns[at] == "**")
            return MatchesParts(parts, patterns, at + 1) || (!parts.IsEmpty && MatchesParts(parts[1..], patterns, at));
        return !parts.IsEmpty && Matches(parts[0], patterns[at]) && MatchesParts(parts[1..], patterns, at + 1);
    }

    private static string Translate(string pattern)
    {
        var regex = new StringBuilder(@"\A");
        for (var at = 0; at < pattern.Length; at++)
        {
            var close = pattern[at] == '[' ? SetEnd(pattern, at) : -1;
            if (close < 0)
            {
                regex.Append(pattern[at] switch { '*' => ".*", '?' => ".", var other => Regex.Escape(other.ToString()) });
                continue;
            }

            AppendSet(regex, pattern[(at + 1)..close]);
            at = close;
        }

        return regex.Append(@"\z").ToString();
    }

    /// <summary>Where a set ends, or -1: then its '[' is a character like others. A ']' that comes first is in the set.</summary>
    private static int SetEnd(string pattern, int open)
    {
        var first = open + 1 < pattern.Length && pattern[open + 1] == '!' ? open + 2 : open + 1;
        return first + 1 < pattern.Length ? pattern.IndexOf(']', first + 1) : -1;
    }

    private static void AppendSet(StringBuilder regex, string set)
    {
        var isNegated = set[0] == '!';
        regex.Append(isNegated ? "[^" : "[");
        foreach (var c in isNegated ? set[1..] : set)
            regex.Append(c is '\\' or '[' or ']' or '^' ? @"\" : "").Append(c);
        regex.Append(']');
    }
}
