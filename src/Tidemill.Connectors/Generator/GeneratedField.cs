using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tidemill.Connectors.Generator;

/// <summary>One field's values, as JSON and as key text.</summary>
internal sealed class GeneratedField
{
    /// <summary>Bytes that every value but a long choice fits in as text.</summary>
    public const int MaxTextBytes = 256;

    private readonly GeneratorField _definition;
    private readonly int _seed;
    private readonly int _salt;
    private readonly JsonEncodedText[] _choices;
    private readonly byte[][] _choiceTexts;
    private readonly double[] _bounds;

    // Amounts are counted in units of their last digit.
    private readonly long _leastAmount;
    private readonly long _amounts;

    /// <param name="definition">What the field holds.</param>
    /// <param name="seed">The generator's seed.</param>
    /// <param name="position">The field's place in the record; fields of one kind differ by it.</param>
    public GeneratedField(GeneratorField definition, int seed, int position)
    {
        this._definition = definition;
        this._seed = seed;
        _salt = 16 + position;
        Encoded = JsonEncodedText.Encode(definition.Name);
        _choices = [.. definition.Values.Select(v => JsonEncodedText.Encode(v))];
        _choiceTexts = [.. definition.Values.Select(Encoding.UTF8.GetBytes)];
        _bounds = Bounds(definition);
        var unit = new decimal(1, 0, 0, isNegative: false, (byte)definition.Scale);
        _leastAmount = (long)decimal.Ceiling(definition.Min / unit);
        _amounts = (long)decimal.Floor(definition.Max / unit) - _leastAmount + 1;
    }

    public string Name => _definition.Name;

    public JsonEncodedText Encoded { get; }

    /// <summary>Which field a wrong type is put into: the one with the lowest order; 0 is never chosen, since a text may hold
    /// anything.</summary>
    public int SpoilOrder => _definition.Kind switch
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
        switch (_definition.Kind)
        {
            case GeneratorKind.Uuid or GeneratorKind.UuidPool:
                writer.WriteString(Encoded, Uuid(n));
                break;
            case GeneratorKind.Choice:
                writer.WriteString(Encoded, _choices[ChoiceIndex(n)]);
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
        switch (_definition.Kind)
        {
            case GeneratorKind.Uuid or GeneratorKind.UuidPool:
                return Utf8Formatter.TryFormat(Uuid(n), text, out length);
            case GeneratorKind.Choice:
                var choice = _choiceTexts[ChoiceIndex(n)];
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
    public ReadOnlyMemory<byte> LongText(long n) => _choiceTexts[ChoiceIndex(n)];

    private Guid Uuid(long n) => _definition.Kind == GeneratorKind.Uuid
        ? Draw.Uuid(_seed, n, _salt)
        : Draw.Uuid(_seed, -1 - Draw.Below(_seed, n, _salt, _definition.Count), _salt);

    /// <summary>Squaring the draw makes small amounts more frequent.</summary>
    private decimal Amount(long n)
    {
        var draw = Draw.Unit(_seed, n, _salt);
        var units = _leastAmount + (long)(draw * draw * _amounts);
        var magnitude = Math.Abs(units);
        return new decimal((int)magnitude, (int)(magnitude >> 32), 0, units < 0, (byte)_definition.Scale);
    }

    private long Integer(long n) => _definition.Kind == GeneratorKind.Sequence
        ? n
        : (long)_definition.Min + Draw.Below(_seed, n, _salt, (long)(_definition.Max - _definition.Min) + 1);

    private int ChoiceIndex(long n)
    {
        var unit = Draw.Unit(_seed, n, _salt) * _bounds[^1];
        var index = 0;
        while (index < _bounds.Length - 1 && unit >= _bounds[index])
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
