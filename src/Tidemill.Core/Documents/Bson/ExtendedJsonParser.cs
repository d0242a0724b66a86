using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tidemill.Core.Documents.Bson;

/// <summary>
/// Turns JSON into BSON in one pass: an object whose first key is one of Extended JSON's becomes the type it names, every
/// other value what it looks like: whole numbers int32 or int64, numbers with up to 15 digits that count double, longer
/// ones and those out of double's range decimal128 where that is exact.
/// </summary>
internal static class ExtendedJsonParser
{
    /// <summary>MongoDB nests no deeper.</summary>
    private const int MaxDepth = 100;

    private const int ExactDoubleDigits = 15;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = MaxDepth };

    public static void ParseDocument(ReadOnlySpan<byte> utf8, BsonWriter writer) => Run(utf8, (ref Utf8JsonReader json) =>
    {
        if (json.TokenType != JsonTokenType.StartObject)
            throw new InvalidJsonException("A document is a JSON object.");

        json.Read();
        var mark = writer.Begin();
        Members(ref json, writer);
        writer.End(mark);
    });

    /// <summary>Writes an element whose value is any JSON text.</summary>
    public static void ParseElement(byte[] name, ReadOnlySpan<byte> utf8, BsonWriter writer) =>
        Run(utf8, (ref Utf8JsonReader json) => Element(name, ref json, writer));

    private delegate void Parse(ref Utf8JsonReader json);

    private static void Run(ReadOnlySpan<byte> utf8, Parse parse)
    {
        var json = new Utf8JsonReader(utf8, Options);
        try
        {
            json.Read();
            parse(ref json);
            if (json.Read())
                throw new InvalidJsonException("Something follows the JSON value.");
        }
        catch (Exception error) when (error is JsonException
            or InvalidOperationException or OverflowException or FormatException and not InvalidJsonException)
        {
            // InvalidOperationException: a string holds an escape that is no character, such as a lone surrogate.
            throw new InvalidJsonException("The text is no valid JSON, or an extended type is spelt wrongly.", error);
        }
    }

    /// <summary>From the first member (or the end) of an object to its end.</summary>
    private static void Members(ref Utf8JsonReader json, BsonWriter writer)
    {
        byte[]? rented = null;
        while (json.TokenType == JsonTokenType.PropertyName)
        {
            var name = Unescaped(ref json, ref rented);
            if (name.Contains((byte)0))
                throw new InvalidJsonException("A name holds the character NUL.");

            var at = writer.Name(BsonType.Null, name);
            json.Read();
            Value(at, ref json, writer);
            json.Read();
        }

        Return(rented);
    }

    private static void Element(ReadOnlySpan<byte> name, ref Utf8JsonReader json, BsonWriter writer) =>
        Value(writer.Name(BsonType.Null, name), ref json, writer);

    /// <summary>The value that the reader stands on, behind a name; the type is put in where it stands.</summary>
    private static void Value(int type, ref Utf8JsonReader json, BsonWriter writer)
    {
        switch (json.TokenType)
        {
            case JsonTokenType.StartObject:
                Object(type, ref json, writer);
                break;
            case JsonTokenType.StartArray:
                Array(type, ref json, writer);
                break;
            case JsonTokenType.String:
                writer.SetType(type, BsonType.Text);
                Text(ref json, writer);
                break;
            case JsonTokenType.Number:
                Number(type, ref json, writer);
                break;
            case JsonTokenType.True or JsonTokenType.False:
                writer.SetType(type, BsonType.Boolean);
                writer.RawBytes(json.TokenType == JsonTokenType.True ? [1] : [0]);
                break;
            default:
                break;
        }
    }

    private static void Object(int type, ref Utf8JsonReader json, BsonWriter writer)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.PropertyName && json.ValueSpan.StartsWith("$"u8)
            && ExtendedTypes.TryParse(type, ref json, writer))
        {
            return;
        }

        writer.SetType(type, BsonType.Document);
        var mark = writer.Begin();
        Members(ref json, writer);
        writer.End(mark);
    }

    private static void Array(int type, ref Utf8JsonReader json, BsonWriter writer)
    {
        writer.SetType(type, BsonType.Array);
        var mark = writer.Begin();
        Span<byte> digits = stackalloc byte[10];
        for (var i = 0; json.Read() && json.TokenType != JsonTokenType.EndArray; i++)
        {
            var at = writer.Name(BsonType.Null, BsonWriter.ArrayName(i, digits));
            Value(at, ref json, writer);
        }

        writer.End(mark);
    }

    private static void Text(ref Utf8JsonReader json, BsonWriter writer)
    {
        byte[]? rented = null;
        writer.RawText(Unescaped(ref json, ref rented));
        Return(rented);
    }

    private static void Number(int type, ref Utf8JsonReader json, BsonWriter writer)
    {
        var text = json.ValueSpan;
        if (text.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0 && json.TryGetInt64(out var whole))
        {
            var small = whole is >= int.MinValue and <= int.MaxValue;
            writer.SetType(type, small ? BsonType.Int32 : BsonType.Int64);
            if (small)
                writer.Raw((int)whole);
            else
                writer.Raw(whole);

            return;
        }

        var digits = Digits(text);
        var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if ((digits > ExactDoubleDigits || (digits > 0 && !double.IsNormal(value)))
            && Decimal128.TryParse(Encoding.ASCII.GetString(text), out var exact))
        {
            writer.SetType(type, BsonType.Decimal128);
            writer.Raw((long)exact.Low);
            writer.Raw((long)exact.High);
            return;
        }

        if (!double.IsFinite(value) || (value == 0 && digits > 0))
            throw new InvalidJsonException("A number is larger or smaller than BSON holds.");

        writer.SetType(type, BsonType.Double);
        writer.Raw(BitConverter.DoubleToInt64Bits(value));
    }

    /// <summary>Digits that count, without leading zeros and the exponent.</summary>
    private static int Digits(ReadOnlySpan<byte> number)
    {
        var digits = 0;
        foreach (var letter in number)
        {
            if (letter is (byte)'e' or (byte)'E')
                break;

            digits += char.IsAsciiDigit((char)letter) && (digits > 0 || letter != (byte)'0') ? 1 : 0;
        }

        return digits;
    }

    /// <summary>A name or string without escapes; <paramref name="rented"/> is for <see cref="Return"/>.</summary>
    private static ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader json, ref byte[]? rented)
    {
        if (!json.ValueIsEscaped)
            return json.ValueSpan;

        Return(rented);
        rented = ArrayPool<byte>.Shared.Rent(json.ValueSpan.Length);
        return rented.AsSpan(0, json.CopyString(rented));
    }

    private static void Return(byte[]? rented)
    {
        if (rented is not null)
            ArrayPool<byte>.Shared.Return(rented);
    }
}
