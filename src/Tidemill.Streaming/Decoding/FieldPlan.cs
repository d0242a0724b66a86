using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <summary>A declared field with its column and everything its decoding needs, worked out once.</summary>
internal sealed class FieldPlan
{
    private const int NanosPerMicroDigits = 3;

    public FieldPlan(DecodeField field, int column)
    {
        Name = field.Name;
        Type = field.Type;
        Kind = field.Type.Kind;
        Column = column;
        Required = field.Required;
        Dropped = field.Dropped;
        AnyValue = field.AnyValue;
        EpochScale = field.TimestampFormat switch
        {
            TimestampFormat.EpochSeconds => 6,
            TimestampFormat.EpochMilliseconds => 3,
            TimestampFormat.EpochMicroseconds => 0,
            TimestampFormat.EpochNanoseconds => -NanosPerMicroDigits,
            _ => null,
        };
        (Min, Max) = IntegerBounds(Kind);
    }

    public string Name { get; }

    public FieldType Type { get; }

    public FieldKind Kind { get; }

    /// <summary>Position in the chunk.</summary>
    public int Column { get; }

    public bool Required { get; }

    /// <summary>A record without the property drifts.</summary>
    public bool Dropped { get; }

    /// <summary>Text takes any JSON value as its JSON text.</summary>
    public bool AnyValue { get; }

    /// <summary>Powers of ten from the number written to microseconds; null for ISO 8601.</summary>
    public int? EpochScale { get; }

    /// <summary>Bounds of signed integers of up to 64 bits, and of unsigned ones of up to 32 bits.</summary>
    public long Min { get; }

    public long Max { get; }

    /// <summary>What a missing property gives; null: NULL.</summary>
    public FieldDefault? Default { get; set; }

    private static (long Min, long Max) IntegerBounds(FieldKind kind) => kind switch
    {
        FieldKind.Int8 => (sbyte.MinValue, sbyte.MaxValue),
        FieldKind.Int16 => (short.MinValue, short.MaxValue),
        FieldKind.Int32 => (int.MinValue, int.MaxValue),
        FieldKind.Int64 => (long.MinValue, long.MaxValue),
        FieldKind.UInt8 => (0, byte.MaxValue),
        FieldKind.UInt16 => (0, ushort.MaxValue),
        FieldKind.UInt32 => (0, uint.MaxValue),
        _ => (0, 0),
    };
}

/// <summary>A default, parsed: the cell's bytes, or the text it points to when the type has variable length.</summary>
/// <param name="Cell">The cell as it lies in the vector; null for a type of variable length.</param>
/// <param name="Text">The text or bytes; null for a type of fixed length.</param>
internal sealed record FieldDefault(byte[]? Cell, byte[]? Text);
