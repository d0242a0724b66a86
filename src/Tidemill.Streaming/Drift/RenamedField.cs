using System.Text.Json;
using Tidemill.Core.Configuration;

namespace Tidemill.Streaming.Drift;

/// <summary>Suspects that a new property is a declared field under another name: the record lacks the field, and the names are
/// alike.</summary>
internal static class RenamedField
{
    /// <returns>The declared field, or null.</returns>
    public static DecodeField? Suspect(IReadOnlyList<string> newPath, ReadOnlySpan<byte> record, DecodeDefinition decode)
    {
        var siblings = decode.Fields.Where(f => f.Path.Count == newPath.Count
            && f.Path.SkipLast(1).SequenceEqual(newPath.SkipLast(1), StringComparer.Ordinal)
            && AreAlike(f.Path[^1], newPath[^1])).ToList();
        if (siblings.Count == 0)
            return null;

        try
        {
            var reader = new Utf8JsonReader(record, new JsonReaderOptions { MaxDepth = 64 });
            using var document = JsonDocument.ParseValue(ref reader);
            return siblings.FirstOrDefault(f => !Has(document.RootElement, f.Path));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Has(JsonElement element, IReadOnlyList<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return false;
        }

        return true;
    }

    private static bool AreAlike(string a, string b)
    {
        var (left, right) = (Letters(a), Letters(b));
        return left == right || (Math.Min(left.Length, right.Length) >= 3
            && (left.Contains(right, StringComparison.Ordinal) || right.Contains(left, StringComparison.Ordinal)))
            || Suggestion.For(a, [b]) is not null;
    }

    private static string Letters(string name) => string.Concat(name.Where(char.IsLetterOrDigit)).ToUpperInvariant();
}
