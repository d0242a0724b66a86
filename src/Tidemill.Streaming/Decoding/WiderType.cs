using System.Buffers;
using System.Globalization;
using System.Text;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// Types that hold the values of others. <see cref="Join"/> is commutative, associative and idempotent: whichever worker
/// sees which value first, all end with the same type.
/// </summary>
internal static class WiderType
{
    private const int MaxDigits = 38;
    private static readonly SearchValues<byte> NumberBytes = SearchValues.Create("+-.0123456789Ee"u8);

    /// <summary>The narrowest type offered that holds the values of both; text holds anything as its JSON text.</summary>
    public static FieldType Join(FieldType a, FieldType b)
    {
        if (a == b)
            return a;

        if (!IsNumber(a.Kind) || !IsNumber(b.Kind))
            return new FieldType(FieldKind.Text);

        if (IsFloat(a.Kind) || IsFloat(b.Kind))
            return new FieldType(FieldKind.Double);

        return a.Kind == FieldKind.Decimal || b.Kind == FieldKind.Decimal
            ? JoinDecimals(a, b)
            : new FieldType(JoinIntegers(a.Kind, b.Kind));
    }

    /// <summary>The type of a JSON value by itself; null for null.</summary>
    public static FieldType? OfValue(ReadOnlySpan<byte> json)
    {
        switch (json[0])
        {
            case (byte)'n':
                return null;
            case (byte)'"':
                return new FieldType(FieldKind.Text);
            case (byte)'t' or (byte)'f':
                return new FieldType(FieldKind.Boolean);
            case (byte)'{' or (byte)'[':
                return new FieldType(FieldKind.Json);
            default:
                var end = json.IndexOfAnyExcept(NumberBytes);
                return OfNumber(end < 0 ? json : json[..end]);
        }
    }

    /// <summary>What a field of this type would have to become for the value that it refused; null when no wider type is offered.</summary>
    /// <param name="reason">Why the value was refused.</param>
    /// <param name="declared">The field's type.</param>
    /// <param name="json">The record from the value on.</param>
    public static FieldType? For(DecodeReason reason, FieldType declared, ReadOnlySpan<byte> json)
    {
        if (reason == DecodeReason.OutOfRange && declared.Kind == FieldKind.Decimal && declared.Precision < MaxDigits)
            return declared with { Precision = MaxDigits };

        // What is no date, UUID or the like is a bad value: one of them must not turn a typed column into text.
        var widens = IsNumber(declared.Kind) || declared.Kind is FieldKind.Boolean or FieldKind.Text;
        if (!widens
            || reason is not (DecodeReason.WrongType or DecodeReason.OutOfRange or DecodeReason.InvalidValue)
            || OfValue(json) is not { } value)
        {
            return null;
        }

        var joined = Join(declared, value);
        return joined != declared || declared.Kind == FieldKind.Text ? joined : null;
    }

    private static FieldType OfNumber(ReadOnlySpan<byte> json)
    {
        var text = Encoding.UTF8.GetString(json);
        return new FieldType(
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? FieldKind.Int64
            : Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _) ? FieldKind.HugeInt
            : FieldKind.Double);
    }

    private static FieldType JoinDecimals(FieldType a, FieldType b)
    {
        var scale = Math.Max(Scale(a), Scale(b));
        var whole = Math.Max(WholeDigits(a), WholeDigits(b));
        return whole + scale <= MaxDigits ? new FieldType(FieldKind.Decimal, whole + scale, scale) : new FieldType(FieldKind.Double);
    }

    private static FieldKind JoinIntegers(FieldKind a, FieldKind b)
    {
        if (IsUnsigned(a) == IsUnsigned(b))
            return (FieldKind)Math.Max((int)a, (int)b);

        var (signed, unsigned) = IsUnsigned(a) ? (b, a) : (a, b);
        var holds = unsigned switch
        {
            FieldKind.UInt8 => FieldKind.Int16,
            FieldKind.UInt16 => FieldKind.Int32,
            FieldKind.UInt32 => FieldKind.Int64,
            _ => FieldKind.HugeInt,
        };
        return (FieldKind)Math.Max((int)signed, (int)holds);
    }

    private static bool IsNumber(FieldKind kind) => kind is >= FieldKind.Int8 and <= FieldKind.Decimal;

    private static bool IsFloat(FieldKind kind) => kind is FieldKind.Float or FieldKind.Double;

    private static bool IsUnsigned(FieldKind kind) => kind is >= FieldKind.UInt8 and <= FieldKind.UInt64;

    private static int Scale(FieldType type) => type.Kind == FieldKind.Decimal ? type.Scale : 0;

    private static int WholeDigits(FieldType type) => type.Kind switch
    {
        FieldKind.Decimal => type.Precision - type.Scale,
        FieldKind.Int8 or FieldKind.UInt8 => 3,
        FieldKind.Int16 or FieldKind.UInt16 => 5,
        FieldKind.Int32 or FieldKind.UInt32 => 10,
        FieldKind.Int64 => 19,
        FieldKind.UInt64 => 20,
        _ => 39,
    };
}
