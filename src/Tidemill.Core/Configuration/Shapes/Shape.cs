using System.Globalization;
using System.Text.RegularExpressions;
using Tidemill.Core.Configuration.Values;
using Tidemill.Core.Schemas;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>
/// What a place in a file may hold. One tree of shapes checks the files, names what the binder may read, and is written out
/// as JSON Schema for editors, so that the three cannot drift apart.
/// </summary>
public abstract record Shape;

/// <summary>A single value.</summary>
public abstract record ScalarShape : Shape
{
    /// <summary>What a value must be: <c>a whole number from 1 to 65535</c>.</summary>
    public abstract string Rule { get; }

    /// <summary>The sentence that says what to write.</summary>
    public virtual string Fix => $"Write {Rule}.";

    /// <summary>True when messages must not repeat the value.</summary>
    public bool Secret { get; init; }

    public abstract bool Accepts(string text);
}

/// <param name="Pattern">Regular expression the whole text must match; null: any text.</param>
/// <param name="Means">What the pattern asks for, in words.</param>
public sealed record TextShape(string? Pattern = null, string Means = "text") : ScalarShape
{
    public override string Rule => Means;

    public override bool Accepts(string text) =>
        Pattern is null || Regex.IsMatch(text, Pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
}

public sealed record NumberShape(double Min, double Max, bool Whole) : ScalarShape
{
    public override string Rule => string.Create(
        CultureInfo.InvariantCulture, $"a {(Whole ? "whole " : "")}number from {(decimal)Min} to {(decimal)Max}");

    public override bool Accepts(string text) =>
        (Whole
            ? long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            : decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
        && double.Parse(text, CultureInfo.InvariantCulture) is var value && value >= Min && value <= Max;
}

public sealed record BooleanShape : ScalarShape
{
    public override string Rule => "true or false";

    public override bool Accepts(string text) => bool.TryParse(text, out _);
}

public sealed record ChoiceShape(params string[] Values) : ScalarShape
{
    public override string Rule => Values.Length == 1 ? Values[0] : $"one of {string.Join(", ", Values)}";

    public override bool Accepts(string text) => Values.Contains(text);
}

public sealed record DurationShape(TimeSpan Min) : ScalarShape
{
    public override string Rule => Min == TimeSpan.Zero
        ? "a duration with its unit, such as 200ms, 5s, 2m, 1h or 7d"
        : $"a duration of at least {Spell(Min)} with its unit, such as 200ms, 5s, 2m, 1h or 7d";

    public override bool Accepts(string text) => DurationText.TryParse(text, out var duration) && duration >= Min;

    internal static string Spell(TimeSpan time) => time < TimeSpan.FromSeconds(1)
        ? $"{time.TotalMilliseconds}ms"
        : $"{time.TotalSeconds}s";
}

public sealed record SizeShape(long Min, long Max) : ScalarShape
{
    public override string Rule =>
        $"a size between {Min} and {Max} bytes, such as 512KiB, 16MB or 10GB (KB = 1000 bytes, KiB = 1024)";

    public override bool Accepts(string text) => ByteSizeText.TryParse(text, out var bytes) && bytes >= Min && bytes <= Max;
}

public sealed record ColumnTypeShape : ScalarShape
{
    public override string Rule =>
        "a column type, such as text, integer, bigint, double, decimal(18,2), boolean, uuid, date, timestamp or json";

    public override bool Accepts(string text) => FieldType.TryParse(text, out _);
}

/// <summary>A name known to the operating system's time zone database.</summary>
public sealed record TimeZoneShape : ScalarShape
{
    public override string Rule => "an IANA time zone, such as UTC or Europe/Berlin";

    public override bool Accepts(string text) => TimeZoneInfo.TryFindSystemTimeZoneById(text, out _);
}

/// <summary>Any YAML value.</summary>
public sealed record AnyShape : Shape;

public sealed record ListShape(Shape Item, int MinItems = 0) : Shape;

/// <summary>Keys that the user chooses.</summary>
/// <param name="Key">What a key must be.</param>
/// <param name="Value">What each value must be.</param>
/// <param name="MinEntries">Fewest entries.</param>
public sealed record MapShape(ScalarShape Key, Shape Value, int MinEntries = 0) : Shape;

/// <summary>Keys that Tidemill knows.</summary>
public sealed record ObjectShape(params Property[] Properties) : Shape
{
    /// <summary>Exactly one of the keys must be there.</summary>
    public bool ExactlyOne { get; init; }

    /// <summary>
    /// Key that names a mapping elsewhere in which the keys that are not here stand; beside it, keys need no
    /// <see cref="Property.OnlyWith"/>. Null: there is none.
    /// </summary>
    public string? Reference { get; init; }

    public IReadOnlyList<string> Keys { get; } = [.. Properties.Select(p => p.Key)];

    public Property? Find(string key) => Array.Find(Properties, p => p.Key == key);
}

/// <summary>One known key.</summary>
/// <param name="Key">The key, in snake_case.</param>
/// <param name="Shape">What its value must be.</param>
/// <param name="Description">Unit and effect, for editors.</param>
public sealed record Property(string Key, Shape Shape, string Description)
{
    public bool Required { get; init; }

    /// <summary>An empty value means something of its own.</summary>
    public bool Nullable { get; init; }

    /// <summary>Default as it would be written, for editors.</summary>
    public string? Default { get; init; }

    /// <summary>The key has an effect only beside this key with one of these values, joined by <c>|</c>.</summary>
    public (string Key, string Value)? OnlyWith { get; init; }
}

/// <summary>A short form beside a long one: which is meant shows in the kind of node.</summary>
public sealed record EitherShape(ScalarShape? Scalar = null, ListShape? List = null, Shape? Mapping = null) : Shape;

/// <summary>A mapping whose <c>type</c> says which keys it has.</summary>
/// <param name="Kinds">The value of <c>type</c>, what the kind is, and its keys, <c>type</c> among them.</param>
public sealed record KindShape(IReadOnlyList<(string Type, string Description, ObjectShape Keys)> Kinds) : Shape
{
    public const string TypeKey = "type";

    /// <summary>The keys of this type; null when there is no such type.</summary>
    public ObjectShape? Find(string? type) => Kinds.FirstOrDefault(kind => kind.Type == type).Keys;
}
