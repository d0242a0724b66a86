using System.Text;
using System.Text.Json;

namespace Tidemill.Connectors.Search;

/// <summary>
/// Words as Elasticsearch's standard analyzer makes them, nearly: runs of letters and digits, lower case, with a point or
/// comma kept between digits, so that 12.50 is one word.
/// </summary>
internal static class SearchWords
{
    /// <summary>The words of a text, in order.</summary>
    public static List<string> Of(string text)
    {
        var words = new List<string>();
        var start = -1;
        for (var i = 0; i <= text.Length; i++)
        {
            if (i < text.Length && IsPart(text, i, start >= 0))
            {
                start = start < 0 ? i : start;
            }
            else if (start >= 0)
            {
                words.Add(text[start..i].ToLowerInvariant());
                start = -1;
            }
        }

        return words;
    }

    /// <summary>All words of a document's values, each with a space on both sides: <c> completed 12.50 eur </c>.</summary>
    public static string OfValues(JsonElement document)
    {
        var text = new StringBuilder(" ");
        Collect(document, text);
        return text.ToString();
    }

    private static void Collect(JsonElement value, StringBuilder text)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in value.EnumerateObject())
                    Collect(property.Value, text);

                break;
            case JsonValueKind.Array:
                foreach (var item in value.EnumerateArray())
                    Collect(item, text);

                break;
            case JsonValueKind.Null or JsonValueKind.Undefined:
                break;
            default:
                foreach (var word in Of(value.ToString()))
                    text.Append(word).Append(' ');

                break;
        }
    }

    private static bool IsPart(string text, int at, bool within) =>
        char.IsLetterOrDigit(text[at]) || char.IsSurrogate(text[at])
        || (within && text[at] is ('.' or ',') && char.IsAsciiDigit(text[at - 1])
            && at + 1 < text.Length && char.IsAsciiDigit(text[at + 1]));
}
