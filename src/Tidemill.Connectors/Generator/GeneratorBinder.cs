using System.Globalization;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Connectors.Generator;

/// <summary>Turns <c>source.generator</c> into its record.</summary>
internal static class GeneratorBinder
{
    public static GeneratorSourceDefinition Bind(Section generator)
    {
        var late = generator.Object("late", GeneratorShapes.Late);
        var result = new GeneratorSourceDefinition { Fields = BindFields(generator) };
        result = result with
        {
            Seed = generator.Integer("seed", result.Seed),
            Rate = generator.Number("rate", result.Rate),
            Limit = generator.Has("limit") ? generator.Whole("limit", 0) : null,
            Key = generator.Text("key"),
            LateShare = late.Number("share", result.LateShare),
            LateBy = late.Duration("by") ?? result.LateBy,
            DuplicateShare = generator.Number("duplicates", result.DuplicateShare),
            MalformedShare = generator.Number("malformed", result.MalformedShare),
        };
        Check(result, generator, late);
        return result;
    }

    private static void Check(GeneratorSourceDefinition result, Section generator, Section late)
    {
        var names = result.Fields.Select(f => f.Name).ToList();
        if (result.Key is { } key && names.Count > 0 && !names.Contains(key, StringComparer.Ordinal))
            generator.Error("key", $"There is no field '{key}'.", Suggestion.Fix(key, names, "fields"));

        if (result.LateShare > 0 && names.Count > 0 && result.Fields.All(f => f.Kind != GeneratorKind.Now))
        {
            late.Error(
                "share",
                "No field holds the time, so that no record can be late.",
                "Add a field such as `event_time: now`, or remove 'late'.");
        }
    }

    private static List<GeneratorField> BindFields(Section generator)
    {
        var fields = new List<GeneratorField>();
        foreach (var entry in generator.Entries("fields"))
        {
            var path = $"{generator.Path}.fields.{entry.Key}";
            fields.Add(entry.Value is MappingNode node
                ? BindField(entry.Key, new Section(node, GeneratorShapes.GeneratorFieldKind, path, generator.Context))
                : new GeneratorField(entry.Key, Kind(entry.Value)));
        }

        return fields;
    }

    /// <summary>The short form's kind; some kind for a wrong one, which was reported.</summary>
    private static GeneratorKind Kind(ConfigNode node) =>
        node is ScalarNode scalar
        && Enum.TryParse<GeneratorKind>(scalar.Text.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var kind)
            ? kind
            : GeneratorKind.Uuid;

    private static GeneratorField BindField(string name, Section field)
    {
        var pool = field.Integer("uuid_pool", 1000);
        var amount = field.Has("amount");
        var integer = field.Has("integer");
        if (field.Has("choice"))
            return BindChoice(name, field);

        if (amount)
        {
            var range = field.Object("amount", GeneratorShapes.AmountRange);
            return BindRange(new GeneratorField(name, GeneratorKind.Amount), range, withScale: true);
        }

        return integer
            ? BindRange(
                new GeneratorField(name, GeneratorKind.Integer), field.Object("integer", GeneratorShapes.IntegerRange), withScale: false)
            : new GeneratorField(name, GeneratorKind.UuidPool) { Count = pool };
    }

    private static GeneratorField BindRange(GeneratorField field, Section range, bool withScale)
    {
        var result = field with
        {
            Min = range.Decimal("min", field.Min),
            Max = range.Decimal("max", field.Max),
            Scale = withScale ? range.Integer("scale", field.Scale) : 0,
        };
        if (result.Min > result.Max)
            range.Error("min", $"The smallest value {Text(result.Min)} is above the largest {Text(result.Max)}.", "Exchange them.");

        return result;
    }

    private static GeneratorField BindChoice(string name, Section field)
    {
        var result = new GeneratorField(name, GeneratorKind.Choice);
        if (field.Value("choice") is SequenceNode)
            return result with { Values = [.. field.Texts("choice").Select(v => v.Text)] };

        var choice = field.Object("choice", GeneratorShapes.Choice);
        var values = choice.Texts("values").Select(v => v.Text).ToList();
        var weights = choice.Texts("weights")
            .Select(w => double.TryParse(w.Text, CultureInfo.InvariantCulture, out var weight) ? weight : 0).ToList();
        if (weights.Count > 0 && values.Count > 0 && weights.Count != values.Count)
            choice.Error("weights", $"There are {weights.Count} weights for {values.Count} values.", "Write one weight a value.");
        else if (weights.Count > 0 && weights.Sum() <= 0)
            choice.Error("weights", "All weights are 0.", "Give at least one value a weight above 0.");

        return result with { Values = values, Weights = weights };
    }

    private static string Text(decimal value) => value.ToString(CultureInfo.InvariantCulture);
}
