using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Tidemill.Core.Documents.Bson;

/// <summary>The objects by which Extended JSON v2 writes types that JSON does not have, canonical and relaxed.</summary>
internal static class ExtendedTypes
{
    /// <summary>
    /// Reads the object whose first key the reader stands on, to its end. False, with the reader where it was, when the key
    /// is none of Extended JSON's.
    /// </summary>
    /// <exception cref="InvalidJsonException">The key is one, the rest is not.</exception>
    public static bool TryParse(int type, ref Utf8JsonReader json, BsonWriter writer)
    {
        var key = Encoding.UTF8.GetString(json.ValueSpan);
        switch (key)
        {
            case "$oid" or "$symbol" or "$numberInt" or "$numberLong" or "$numberDouble" or "$numberDecimal" or "$uuid":
                json.Read();
                Scalar(key, type, Text(ref json), writer);
                break;
            case "$code":
                Code(type, ref json, writer);
                return true;
            case "$date":
                json.Read();
                Fill(writer, type, BsonType.Date, Date(ref json));
                break;
            case "$minKey" or "$maxKey" or "$undefined":
                json.Read();
                writer.SetType(type, key == "$minKey" ? BsonType.MinKey : key == "$maxKey" ? BsonType.MaxKey : BsonType.Undefined);
                break;
            case "$binary" or "$timestamp" or "$regularExpression" or "$dbPointer":
                json.Read();
                Pair(key, type, ref json, writer);
                break;
            default:
                return false;
        }

        json.Read();
        Expect(ref json, JsonTokenType.EndObject);
        return true;
    }

    private static void Scalar(string key, int type, string text, BsonWriter writer)
    {
        switch (key)
        {
            case "$oid":
                writer.SetType(type, BsonType.ObjectId);
                writer.RawBytes(text.Length == 24 ? Convert.FromHexString(text) : throw Wrong(key));
                break;
            case "$symbol":
                writer.SetType(type, BsonType.Symbol);
                writer.RawText(Encoding.UTF8.GetBytes(text));
                break;
            case "$numberInt":
                writer.SetType(type, BsonType.Int32);
                writer.Raw(int.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
                break;
            case "$numberLong":
                Fill(writer, type, BsonType.Int64, long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture));
                break;
            case "$numberDouble":
                Fill(writer, type, BsonType.Double, BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)));
                break;
            case "$uuid":
                writer.SetType(type, BsonType.Binary);
                writer.RawBinary(4, Guid.Parse(text).ToByteArray(bigEndian: true));
                break;
            default:
                var value = Decimal128.TryParse(text, out var parsed) ? parsed : throw Wrong(key);
                Fill(writer, type, BsonType.Decimal128, (long)value.Low);
                writer.Raw((long)value.High);
                break;
        }
    }

    private static void Fill(BsonWriter writer, int type, BsonType bsonType, long value)
    {
        writer.SetType(type, bsonType);
        writer.Raw(value);
    }

    private static long Date(ref Utf8JsonReader json)
    {
        if (json.TokenType == JsonTokenType.StartObject)
        {
            json.Read();
            if (json.TokenType != JsonTokenType.PropertyName || !json.ValueTextEquals("$numberLong"u8))
                throw Wrong("$date");

            json.Read();
            var milliseconds = long.Parse(Text(ref json), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            json.Read();
            Expect(ref json, JsonTokenType.EndObject);
            return milliseconds;
        }

        return json.TokenType == JsonTokenType.Number
            ? json.GetInt64()
            : DateTimeOffset.Parse(Text(ref json), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal).ToUnixTimeMilliseconds();
    }

    private static void Code(int type, ref Utf8JsonReader json, BsonWriter writer)
    {
        json.Read();
        var code = Encoding.UTF8.GetBytes(Text(ref json));
        json.Read();
        if (json.TokenType == JsonTokenType.EndObject)
        {
            writer.SetType(type, BsonType.Code);
            writer.RawText(code);
            return;
        }

        writer.SetType(type, BsonType.CodeWithScope);
        var mark = writer.Begin();
        writer.RawText(code);
        json.Read();
        Expect(ref json, JsonTokenType.StartObject);
        using (var document = JsonDocument.ParseValue(ref json))
            writer.RawBytes(ExtendedJson.Parse(Encoding.UTF8.GetBytes(document.RootElement.GetRawText())));

        // The length of a code with scope counts no closing NUL of its own: the scope's is the last byte.
        writer.SetLength(mark);
        json.Read();
        Expect(ref json, JsonTokenType.EndObject);
    }

    /// <summary>Types of two members, whose order is free.</summary>
    private static void Pair(string key, int type, ref Utf8JsonReader json, BsonWriter writer)
    {
        using var document = JsonDocument.ParseValue(ref json);
        var value = document.RootElement;
        try
        {
            switch (key)
            {
                case "$binary":
                    Binary(type, value, writer);
                    break;
                case "$timestamp":
                    writer.SetType(type, BsonType.Timestamp);
                    writer.Raw((int)value.GetProperty("i").GetUInt32());
                    writer.Raw((int)value.GetProperty("t").GetUInt32());
                    break;
                case "$regularExpression":
                    writer.SetType(type, BsonType.Regex);
                    writer.RawCText(CText(value.GetProperty("pattern")));
                    writer.RawCText(CText(value.GetProperty("options")));
                    break;
                default:
                    writer.SetType(type, BsonType.DbPointer);
                    writer.RawText(Encoding.UTF8.GetBytes(value.GetProperty("$ref").GetString()!));
                    writer.RawBytes(Convert.FromHexString(value.GetProperty("$id").GetProperty("$oid").GetString()!));
                    break;
            }
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or ArgumentNullException)
        {
            throw Wrong(key, error);
        }
    }

    private static void Binary(int type, JsonElement value, BsonWriter writer)
    {
        var bytes = value.GetProperty("base64").GetBytesFromBase64();
        var subtype = byte.Parse(value.GetProperty("subType").GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        writer.SetType(type, BsonType.Binary);
        writer.RawBinary(subtype, subtype == 2 ? [.. BitConverter.GetBytes(bytes.Length), .. bytes] : bytes);
    }

    private static byte[] CText(JsonElement value) =>
        Encoding.UTF8.GetBytes(value.GetString()!) is var text && text.Contains((byte)0) ? throw Wrong("$regularExpression") : text;

    private static string Text(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.String ? json.GetString()! : throw new InvalidJsonException("An extended type holds no text.");

    private static void Expect(ref Utf8JsonReader json, JsonTokenType token)
    {
        if (json.TokenType != token)
            throw new InvalidJsonException("An extended type has a key too many or too few.");
    }

    private static InvalidJsonException Wrong(string key, Exception? error = null) => new($"{key} is spelt wrongly.", error);
}
