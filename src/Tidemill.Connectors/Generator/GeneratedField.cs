using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Configuration;

namespace Tidemill.Connectors.Generator;

/// <summary>One field's values, as JSON and as key text.</summary>
internal sealed class GeneratedField
{
    /// <summary>Bytes that every value but a long choice fits in as text.</summary>
    public const int MaxTextBytes = 256;

    private readonly GeneratorField definition;
    private readonly int seed;
    private readonly int salt;
    private readonly JsonEncodedText[] choices;
    private readonly byte[][] choiceTexts;
    private readonly double[] bounds;

    // Amounts are counted in units of their last digit.
    private readonly long leastAmount;
    private readonly long amounts;

    /// <param name="definition">What the field holds.</param>
    /// <param name="seed">The generator's seed.</param>
    /// <param name="position">The field's place in the record; fields of one kind differ by it.</param>
    public GeneratedField(GeneratorField definition, int seed, int position)
    {
        this.definition = definition;
        this.seed = seed;
        salt = 16 + position;
        Encoded = JsonEncodedText.Encode(definition.Name);
        choices = [.. definition.Values.Select(v => JsonEncodedText.Encode(v))];
        choiceTexts = [.. definition.Values.Select(Encoding.UTF8.GetBytes)];
        bounds = Bounds(definition);
        var unit = new decimal(1, 0, 0, isNegative: false, (byte)definition.Scale);
        leastAmount = (long)decimal.Ceiling(definition.Min / unit);
        amounts = (long)decimal.Floor(definition.Max / unit) - leastAmount + 1;
    }

    public string Name => definition.Name;

    public JsonEncodedText Encoded { get; }

    /// <summary>Which field a wrong type is put into: the one with the lowest order; 0 is never chosen, since a text may hold anything.</summary>
    public int SpoilOrder => definition.Kind switch
    {
        GeneratorKind.Amount => 1,
        GeneratorKind.Integer => 2,
        GeneratorKind.Sequence => 3,
        GeneratorKind.Now => 4,
        GeneratorKind.Uuid => 5,
        GeneratorKind.UuidPool => 6,
        _ => 0,
    };

    public void Write(Utf8JsonWriter writer, long n, DateTimeOffset moment)
    {
        switch (definition.Kind)
        {
            case GeneratorKind.Uuid or GeneratorKind.UuidPool:
                writer.WriteString(Encoded, Uuid(n));
                break;
            case GeneratorKind.Choice:
                writer.WriteString(Encoded, choices[ChoiceIndex(n)]);
                break;
            case GeneratorKind.Amount:
                writer.WriteNumber(Encoded, Amount(n));
                break;
            case GeneratorKind.Integer or GeneratorKind.Sequence:
                writer.WriteNumber(Encoded, Integer(n));
                break;
            default:
                Span<byte> text = stackalloc byte[UtcText.Length];
                UtcText.Write(moment, text);
                writer.WriteString(Encoded, text);
                break;
        }
    }

    /// <summary>The value as plain UTF-8 text; false when it does not fit.</summary>
    public bool TryFormat(long n, DateTimeOffset moment, Span<byte> text, out int length)
    {
        switch (definition.Kind)
        {
            case GeneratorKind.Uuid or GeneratorKind.UuidPool:
                return Utf8Formatter.TryFormat(Uuid(n), text, out length);
            case GeneratorKind.Choice:
                var choice = choiceTexts[ChoiceIndex(n)];
                length = choice.Length;
                return choice.AsSpan().TryCopyTo(text);
            case GeneratorKind.Amount:
                return Amount(n).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
            case GeneratorKind.Integer or GeneratorKind.Sequence:
                return Integer(n).TryFormat(text, out length, default, CultureInfo.InvariantCulture);
            default:
                UtcText.Write(moment, text);
                length = UtcText.Length;
                return true;
        }
    }

    /// <summary>The text of a choice too long for <see cref="TryFormat"/>.</summary>
    public ReadOnlyMemory<byte> LongText(long n) => choiceTexts[ChoiceIndex(n)];

    private Guid Uuid(long n) => definition.Kind == GeneratorKind.Uuid
        ? Draw.Uuid(seed, n, salt)
        : Draw.Uuid(seed, -1 - Draw.Below(seed, n, salt, definition.Count), salt);

    /// <summary>Squaring the draw makes small amounts more frequent.</summary>
    private decimal Amount(long n)
    {
        var draw = Draw.Unit(seed, n, salt);
        var units = leastAmount + (long)(draw * draw * amounts);
        var magnitude = Math.Abs(units);
        return new decimal((int)magnitude, (int)(magnitude >> 32), 0, units < 0, (byte)definition.Scale);
    }

    private long Integer(long n) => definition.Kind == GeneratorKind.Sequence
        ? n
        : (long)definition.Min + Draw.Below(seed, n, salt, (long)(definition.Max - definition.Min) + 1);

    private int ChoiceIndex(long n)
    {
        var unit = Draw.Unit(seed, n, salt) * bounds[^1];
        var index = 0;
        while (index < bounds.Length - 1 && unit >= bounds[index])
            index++;

        return index;
    }

    /// <summary>Running sums of the weights.</summary>
    private static double[] Bounds(GeneratorField definition)
    {
        var sums = new double[definition.Values.Count];
        var sum = 0d;
        for (var i = 0; i < sums.Length; i++)
            sums[i] = sum += definition.Weights.Count == sums.Length ? definition.Weights[i] : 1;

        return sums;
    }
}
