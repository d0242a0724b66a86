using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Connectors.Generator;

/// <summary>The keys of <c>source.generator</c>.</summary>
internal static class GeneratorShapes
{
    private static readonly NumberShape Amount = new(-1e9, 1e9, Whole: false);
    private static readonly NumberShape Integer = new(-9e15, 9e15, Whole: true);

    public static readonly ObjectShape AmountRange = new(
        new Property("min", Amount, "Smallest amount.") { Default = "0" },
        new Property("max", Amount, "Largest amount.") { Default = "1000" },
        new Property("scale", new NumberShape(0, 9, Whole: true), "Digits after the point.") { Default = "2" });

    public static readonly ObjectShape IntegerRange = new(
        new Property("min", Integer, "Smallest number.") { Default = "0" },
        new Property("max", Integer, "Largest number.") { Default = "1000" });

    public static readonly ObjectShape Choice = new(
        new Property("values", new ListShape(new TextShape(), MinItems: 1), "The texts to choose from.") { Required = true },
        new Property(
            "weights", new ListShape(new NumberShape(0, 1e9, Whole: false), MinItems: 1), "One weight a value. Default: all alike."));

    public static readonly ObjectShape GeneratorFieldKind = new(
        new Property("uuid_pool", new NumberShape(1, 10_000_000, Whole: true), "One of so many UUIDs."),
        new Property("amount", AmountRange, "A decimal number, small ones more often."),
        new Property("integer", IntegerRange, "A whole number, all alike."),
        new Property(
            "choice", new EitherShape(List: new ListShape(new TextShape(), MinItems: 1), Mapping: Choice), "One of the given texts."))
    { ExactlyOne = true };

    public static readonly EitherShape GeneratorField = new(
        new ChoiceShape("uuid", "now", "sequence", "amount", "integer", "uuid_pool"), Mapping: GeneratorFieldKind);

    public static readonly ObjectShape Late = new(
        new Property(
            "share", CommonShapes.Share, "Share of records whose time fields lie more than 2 minutes in the past.")
        { Default = "0" },
        new Property("by", new DurationShape(TimeSpan.FromSeconds(121)), "How far in the past at most.") { Default = "1h" });

    public static readonly ObjectShape Generator = new(
        new Property("seed", new NumberShape(int.MinValue, int.MaxValue, Whole: true), "Same seed, same records.") { Default = "42" },
        new Property("rate", new NumberShape(0.001, 10_000_000, Whole: false), "Records a second.") { Default = "50" },
        new Property("limit", new NumberShape(0, 9e15, Whole: true), "Stop after so many records. Default: never."),
        new Property("key", CommonShapes.Column, "Field used as the record's key. Default: no key."),
        new Property(
            "fields", new MapShape(CommonShapes.Column, GeneratorField, MinEntries: 1), "What each field holds.")
        { Required = true },
        new Property("late", Late, "Records that come late."),
        new Property(
            "duplicates",
            CommonShapes.Share,
            "Share of records that repeat one of the 1000 or so before, apart from times.")
        { Default = "0" },
        new Property(
            "malformed",
            CommonShapes.Share,
            "Share of records that are broken: cut JSON, a wrong type, a missing field, no JSON at all.")
        { Default = "0" });
}
