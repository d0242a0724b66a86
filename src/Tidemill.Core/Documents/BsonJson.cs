using System.Globalization;
using System.Text.Json;
using MongoDB.Bson;
using MongoDB.Bson.IO;

namespace Tidemill.Core.Documents;

/// <summary>Writes BSON as compact JSON of one kind.</summary>
internal readonly struct BsonJson(Utf8JsonWriter json, JsonTypes types)
{
    private const int MaxDepth = 400;
    private const long FirstIsoDate = -62_135_596_800_000;
    private const long LastIsoDate = 253_402_300_799_999;

    public void Write(BsonValue value)
    {
        switch (value)
        {
            case BsonDocument document: Members(document); break;
            case BsonArray array: Items(array); break;
            case BsonNull: json.WriteNullValue(); break;
            case BsonBoolean boolean: json.WriteBooleanValue(boolean.Value); break;
            case BsonString text: json.WriteStringValue(text.Value); break;
            case BsonInt32: Number("$numberInt"u8, value.ToInt64().ToString(CultureInfo.InvariantCulture)); break;
            case BsonInt64: Number("$numberLong"u8, value.ToInt64().ToString(CultureInfo.InvariantCulture)); break;
            case BsonDouble number when double.IsFinite(number.Value): Number("$numberDouble"u8, Text(number.Value)); break;
            default:
                if (types == JsonTypes.Plain)
                    Plain(value);
                else
                    Extended(value);

                break;
        }
    }

    private void Number(ReadOnlySpan<byte> type, string digits)
    {
        if (types != JsonTypes.Canonical)
        {
            json.WriteRawValue(digits, skipInputValidation: true);
            return;
        }

        json.WriteStartObject();
        json.WriteString(type, digits);
        json.WriteEndObject();
    }

    /// <summary>As MongoDB.Bson writes it, without the spaces.</summary>
    private void Extended(BsonValue value)
    {
        var mode = types == JsonTypes.Relaxed ? JsonOutputMode.RelaxedExtendedJson : JsonOutputMode.CanonicalExtendedJson;
        using var document = JsonDocument.Parse(value.ToJson(new() { OutputMode = mode }), new() { MaxDepth = MaxDepth });
        document.RootElement.WriteTo(json);
    }

    private void Plain(BsonValue value)
    {
        switch (value)
        {
            case BsonUndefined: json.WriteNullValue(); break;
            case BsonDecimal128 { Value: var number } when !Decimal128.IsNaN(number) && !Decimal128.IsInfinity(number):
                json.WriteRawValue(number.ToString(), skipInputValidation: true);
                break;
            case BsonDateTime date: Date(date.MillisecondsSinceEpoch); break;
            case BsonBinaryData bytes: json.WriteStringValue(Text(bytes)); break;
            case BsonRegularExpression expression: json.WriteStringValue($"/{expression.Pattern}/{expression.Options}"); break;
            case BsonTimestamp time:
                json.WriteStartObject();
                json.WriteNumber("t"u8, (uint)time.Timestamp);
                json.WriteNumber("i"u8, (uint)time.Increment);
                json.WriteEndObject();
                break;
            case BsonJavaScriptWithScope code: Members(new BsonDocument { { "$code", code.Code }, { "$scope", code.Scope } }); break;
            case BsonJavaScript code: json.WriteStringValue(code.Code); break;
            case BsonMinKey: json.WriteStringValue("minKey"u8); break;
            case BsonMaxKey: json.WriteStringValue("maxKey"u8); break;
            case BsonDouble number: json.WriteStringValue(number.Value.ToString("R", CultureInfo.InvariantCulture)); break;
            default: json.WriteStringValue(value.ToString()); break;
        }
    }

    private void Members(BsonDocument document)
    {
        json.WriteStartObject();
        foreach (var element in document)
        {
            json.WritePropertyName(element.Name);
            Write(element.Value);
        }

        json.WriteEndObject();
    }

    private void Items(BsonArray array)
    {
        json.WriteStartArray();
        foreach (var item in array)
            Write(item);

        json.WriteEndArray();
    }

    private void Date(long milliseconds)
    {
        if (milliseconds is < FirstIsoDate or > LastIsoDate)
        {
            json.WriteNumberValue(milliseconds);
            return;
        }

        json.WriteStringValue(DateTime.UnixEpoch.AddTicks(milliseconds * TimeSpan.TicksPerMillisecond)
            .ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture));
    }

    /// <summary>The shortest digits that read back as the same number, with a point or exponent: 1 and 1.0 stay apart.</summary>
    private static string Text(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0";
    }

    private static string Text(BsonBinaryData data) => data.SubType == BsonBinarySubType.UuidStandard && data.Bytes.Length == 16
        ? new Guid(data.Bytes, bigEndian: true).ToString()
        : Convert.ToBase64String(data.Bytes);
}
