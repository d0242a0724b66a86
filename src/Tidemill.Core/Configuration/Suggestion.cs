namespace Tidemill.Core.Configuration;

/// <summary>Finds the known word that a misspelt one was most likely meant to be.</summary>
public static class Suggestion
{
    /// <summary>The nearest known word by edit distance, transpositions counted as one; null when none is near.</summary>
    public static string? For(string word, IEnumerable<string> known)
    {
        ArgumentNullException.ThrowIfNull(word);
        var bound = Math.Max(1, word.Length / 3);
        return known
            .Select(k => (Word: k, Distance: Distance(word.ToUpperInvariant(), k.ToUpperInvariant())))
            .Where(k => k.Distance <= bound)
            .OrderBy(k => k.Distance)
            .ThenBy(k => k.Word, StringComparer.Ordinal)
            .Select(k => k.Word)
            .FirstOrDefault();
    }

    /// <summary>A sentence: the nearest word, or the whole list.</summary>
    public static string Fix(string word, IReadOnlyCollection<string> known, string plural)
    {
        if (For(word, known) is { } near)
            return $"Did you mean '{near}'?";

        return known.Count == 0 ? $"There are no {plural}." : $"Known {plural}: {string.Join(", ", known)}.";
    }

    /// <summary>Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        var previous2 = new int[b.Length + 1];
        var previous = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var cost = a[i - 1] == b[j - 1] ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    current[j] = Math.Min(current[j], previous2[j - 2] + 1);
            }

            (previous2, previous) = (previous, current);
        }

        return previous[b.Length];
    }
}
