using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using MongoDB.Bson;
using Tidemill.Core.Errors;

namespace Tidemill.Core.Documents;

/// <summary>How the types that JSON does not have are written.</summary>
public enum JsonTypes
{
    /// <summary>ids as hex, dates as ISO 8601, decimals as numbers with all their digits, UUIDs as text, bytes as base64.</summary>
    Plain,

    /// <summary>Extended JSON v2, relaxed: numbers as numbers, other types wrapped.</summary>
    Relaxed,

    /// <summary>Extended JSON v2, canonical: every type comes back as it was.</summary>
    Canonical,
}

/// <summary>
/// BSON to compact JSON and back. Types that JSON does not have are written and read by MongoDB.Bson, as MongoDB's Extended JSON
/// v2 specifies. Numbers are not: that library reads those of many digits as doubles, and writes 0.1 with seventeen digits.
/// </summary>
public static class ExtendedJson
{
    /// <summary>MongoDB nests no deeper.</summary>
    private const int MaxDepth = 100;

    private const int ExactDoubleDigits = 15;

    private static readonly JsonWriterOptions Output =
        new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonReaderOptions Input = new() { MaxDepth = MaxDepth };

    private static readonly HashSet<string> TypeNames =
    [
        "$oid", "$symbol", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$uuid", "$code", "$date", "$minKey", "$maxKey",
        "$undefined", "$binary", "$timestamp", "$regularExpression", "$dbPointer",
    ];

    /// <summary>A value or document as JSON, UTF-8. DataCorrupt when a raw document's bytes are no BSON.</summary>
    public static byte[] Write(BsonValue value, JsonTypes types)
    {
        ArgumentNullException.ThrowIfNull(value);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Output))
            new BsonJson(json, types).Write(value is RawBsonDocument raw ? raw.Read() : value);

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>The same as text.</summary>
    public static string Text(BsonValue value, JsonTypes types = JsonTypes.Canonical) => Encoding.UTF8.GetString(Write(value, types));

    /// <summary>A JSON object, Extended JSON or plain, as a document.</summary>
    /// <exception cref="FormatException">It is no JSON object, or an extended type is spelt wrongly; the message holds no
    /// values.</exception>
    public static BsonDocument Parse(ReadOnlySpan<byte> utf8) =>
        ParseValue(utf8) as BsonDocument ?? throw new FormatException("A document is a JSON object.");

    /// <summary>
    /// Any JSON value: an object whose first key is one of Extended JSON's becomes the type it names, every other value what it
    /// looks like: whole numbers int32 or int64, numbers with up to 15 digits that count double, longer ones and those out of
    /// double's range decimal128 where that is exact.
    /// </summary>
    /// <exception cref="FormatException">It is no JSON, or an extended type is spelt wrongly; the message holds no values.</exception>
    public static BsonValue ParseValue(ReadOnlySpan<byte> utf8)
    {
        var json = new Utf8JsonReader(utf8, Input);
        try
        {
            json.Read();
            var value = Value(ref json, utf8);
            return json.Read() ? throw new FormatException() : value;
        }
        catch (Exception error) when (error is JsonException
            or InvalidOperationException or OverflowException or FormatException or ArgumentException or BsonException or IOException)
        {
            // InvalidOperationException: a string holds an escape that is no character, such as a lone surrogate.
            throw new FormatException("The text is no valid JSON, or an extended type is spelt wrongly.", error);
        }
    }

    /// <summary>The same from text; InvalidRequest when it is none.</summary>
    public static BsonValue ParseValue(string json)
    {
        try
        {
            return ParseValue(Encoding.UTF8.GetBytes(json));
        }
        catch (FormatException error)
        {
            throw new TidemillException(ErrorCode.InvalidRequest, $"The value is no Extended JSON: {error.Message}", error);
        }
    }

    private static BsonValue Value(ref Utf8JsonReader json, ReadOnlySpan<byte> utf8) => json.TokenType switch
    {
        JsonTokenType.StartObject => Object(ref json, utf8),
        JsonTokenType.StartArray => Array(ref json, utf8),
        JsonTokenType.String => json.GetString()!,
        JsonTokenType.Number => Number(ref json),
        JsonTokenType.True or JsonTokenType.False => json.GetBoolean(),
        _ => BsonNull.Value,
    };

    private static BsonValue Object(ref Utf8JsonReader json, ReadOnlySpan<byte> utf8)
    {
        var start = (int)json.TokenStartIndex;
        var whole = json;
        json.Read();
        if (json.TokenType == JsonTokenType.PropertyName && json.ValueSpan.StartsWith("$"u8) && TypeNames.Contains(json.GetString()!))
        {
            json = whole;
            json.Skip();
            var text = Encoding.UTF8.GetString(utf8[start..(int)json.BytesConsumed]);
            return BsonDocument.Parse($"{{\"v\":{text}}}")[0];
        }

        var document = new BsonDocument(allowDuplicateNames: true);
        while (json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.GetString()!;
            if (name.Contains('\0'))
                throw new FormatException();

            json.Read();
            document.Add(name, Value(ref json, utf8));
            json.Read();
        }

        return document;
    }

    private static BsonArray Array(ref Utf8JsonReader json, ReadOnlySpan<byte> utf8)
    {
        var array = new BsonArray();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            array.Add(Value(ref json, utf8));

        return array;
    }

    private static BsonValue Number(ref Utf8JsonReader json)
    {
        var text = json.ValueSpan;
        if (text.IndexOfAny((byte)'.', (byte)'e', (byte)'E') < 0 && json.TryGetInt64(out var whole))
            return whole is >= int.MinValue and <= int.MaxValue ? new BsonInt32((int)whole) : new BsonInt64(whole);

        var digits = Digits(text);
        var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if ((digits > ExactDoubleDigits || (digits > 0 && !double.IsNormal(value)))
            && Decimal128.TryParse(Encoding.ASCII.GetString(text), out var exact))
        {
            return exact;
        }

        return double.IsFinite(value) && (value != 0 || digits == 0) ? value : throw new FormatException();
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
}
