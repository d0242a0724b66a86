using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Tidemill.Core.Components;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>
/// Writes the tables of docs/guides/configuration.md. A table stands between <c>&lt;!-- keys: PLACE --&gt;</c> and
/// <c>&lt;!-- end --&gt;</c>; a place is a file's name and the keys below it, such as <c>stream.sinks.warehouse</c>. Keys of a
/// mapping that has no table of its own stand in the table of the mapping around it.
/// </summary>
internal static partial class GuideTables
{
    private const int LargestBound = 10_000_000;

    /// <summary>The guide's text with every table written anew.</summary>
    /// <exception cref="InvalidOperationException">A place is not in the shapes.</exception>
    public static string Update(string guide, ComponentKinds kinds)
    {
        var places = Place().Matches(guide).Select(m => m.Groups["place"].Value).ToHashSet(StringComparer.Ordinal);
        return Place().Replace(guide, match =>
        {
            var place = match.Groups["place"].Value;
            var table = new StringBuilder("| key | default | effect |\n|---|---|---|\n");
            Rows(table, Find(place, kinds), place, "", places);
            return $"<!-- keys: {place} -->\n{table}<!-- end -->";
        });
    }

    private static ObjectShape Find(string place, ComponentKinds kinds)
    {
        var keys = place.Split('.');
        var shape = ConfigurationSchemas.Files(kinds).FirstOrDefault(file => file.Name == keys[0]).Shape;
        foreach (var key in keys.Skip(1))
            shape = Mapping(shape?.Find(key)?.Shape);

        return shape ?? throw new InvalidOperationException($"The guide has a table of {place}, which is no mapping of the shapes.");
    }

    /// <summary>The mapping that a value is, holds, or has as its long form; null when there is none.</summary>
    private static ObjectShape? Mapping(Shape? shape) => shape switch
    {
        ObjectShape keys => keys,
        ListShape list => Mapping(list.Item),
        MapShape map => Mapping(map.Value),
        KindShape kinds => new ObjectShape([.. kinds.Kinds.Select(kind => new Property(kind.Type, kind.Keys, kind.Description))]),
        EitherShape either => Mapping(either.Mapping) ?? Mapping(either.List),
        _ => null,
    };

    private static void Rows(StringBuilder table, ObjectShape shape, string place, string prefix, HashSet<string> places)
    {
        foreach (var property in shape.Properties)
        {
            var inner = Mapping(property.Shape);
            var path = $"{place}.{property.Key}";
            var (effect, value) = Split(property);
            if (inner is null || places.Contains(path) || effect.Length > 0)
                table.Append(CultureInfo.InvariantCulture, $"| {prefix}`{property.Key}` | {value} | {Escape(effect)} |\n");

            if (inner is not null && !places.Contains(path))
                Rows(table, inner, path, $"{prefix}`{property.Key}` . ", places);
        }
    }

    /// <summary>What the key does, and its default: the last sentence of the description where it is no single value.</summary>
    private static (string Effect, string Default) Split(Property property)
    {
        var match = DefaultSentence().Match(property.Description);
        var effect = match.Success ? property.Description[..match.Index] : property.Description;
        var value = property.Required ? "needed"
            : property.Default is { Length: > 0 } text ? $"`{text}`"
            : match.Success ? match.Groups["default"].Value : "";
        var with = property.OnlyWith is { } only
            ? $" Only with `{only.Key}: {only.Value.Replace("|", "` or `", StringComparison.Ordinal)}`."
            : "";
        return (effect.TrimEnd() + Rule(property.Shape) + with, Escape(value));
    }

    private static string Rule(Shape shape) => shape switch
    {
        ChoiceShape { Values: [var only] } => $" Always `{only}`.",
        ChoiceShape choice => $" One of {string.Join(", ", choice.Values.Select(v => $"`{v}`"))}.",
        NumberShape { Max: <= LargestBound, Min: >= -LargestBound } number => $" {Capital(number.Rule)}.",
        DurationShape { Min.Ticks: > 0 } duration => $" At least {DurationShape.Spell(duration.Min)}.",
        _ => "",
    };

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];

    private static string Escape(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);

    [GeneratedRegex(@"<!-- keys: (?<place>[a-z_.]+) -->\n.*?<!-- end -->", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex Place();

    [GeneratedRegex(@"(^| )Default: (?<default>[^.]*(\.[^.\s][^.]*)*)\.$", RegexOptions.ExplicitCapture)]
    private static partial Regex DefaultSentence();
}
