using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using static System.Buffers.Binary.BinaryPrimitives;

namespace Tidemill.Core.Documents.Bson;

/// <summary>Writes BSON as JSON of one kind.</summary>
internal readonly struct ExtendedJsonWriter(Utf8JsonWriter json, JsonTypes types)
{
    private const long FirstIsoDate = -62_135_596_800_000;
    private const long LastIsoDate = 253_402_300_799_999;

    public void WriteDocument(ReadOnlySpan<byte> document)
    {
        json.WriteStartObject();
        var reader = new BsonReader(document);
        while (reader.Read())
        {
            if (Utf8.IsValid(reader.Name))
                json.WritePropertyName(reader.Name);
            else
                json.WritePropertyName(Encoding.UTF8.GetString(reader.Name));

            WriteValue(reader);
        }

        json.WriteEndObject();
    }

    private void WriteArray(ReadOnlySpan<byte> array)
    {
        json.WriteStartArray();
        var reader = new BsonReader(array);
        while (reader.Read())
            WriteValue(reader);

        json.WriteEndArray();
    }

    private void WriteValue(BsonReader element)
    {
        var value = element.Value;
        switch (element.Type)
        {
            case BsonType.Document: WriteDocument(value); break;
            case BsonType.Array: WriteArray(value); break;
            case BsonType.Null: json.WriteNullValue(); break;
            case BsonType.Boolean: json.WriteBooleanValue(value[0] != 0); break;
            case BsonType.Text: Text(element.Text()); break;
            case BsonType.Int32: Number("$numberInt"u8, ReadInt32LittleEndian(value)); break;
            case BsonType.Int64: Number("$numberLong"u8, ReadInt64LittleEndian(value)); break;
            case BsonType.Double: Double(ReadDoubleLittleEndian(value)); break;
            case BsonType.Decimal128: Decimal(new Decimal128(ReadUInt64LittleEndian(value[8..]), ReadUInt64LittleEndian(value))); break;
            case BsonType.ObjectId: Wrapped("$oid"u8, Convert.ToHexStringLower(value)); break;
            case BsonType.Date: Date(ReadInt64LittleEndian(value)); break;
            case BsonType.Binary: Binary(value[4], value[5..]); break;
            case BsonType.Symbol: Wrapped("$symbol"u8, Encoding.UTF8.GetString(element.Text())); break;
            case BsonType.Code: Wrapped("$code"u8, Encoding.UTF8.GetString(element.Text())); break;
            default: WriteRare(element.Type, value); break;
        }
    }

    private void WriteRare(BsonType type, ReadOnlySpan<byte> value)
    {
        switch (type)
        {
            case BsonType.Undefined when types == JsonTypes.Plain: json.WriteNullValue(); break;
            case BsonType.Undefined: Mark("$undefined"u8, "true"u8); break;
            case BsonType.MinKey: Mark("$minKey"u8, "1"u8); break;
            case BsonType.MaxKey: Mark("$maxKey"u8, "1"u8); break;
            case BsonType.Regex: Regex(value); break;
            case BsonType.Timestamp: Timestamp(ReadUInt32LittleEndian(value[4..]), ReadUInt32LittleEndian(value)); break;
            case BsonType.DbPointer: DbPointer(value); break;
            default: CodeWithScope(value); break;
        }
    }

    private void Text(ReadOnlySpan<byte> utf8)
    {
        if (Utf8.IsValid(utf8))
            json.WriteStringValue(utf8);
        else
            json.WriteStringValue(Encoding.UTF8.GetString(utf8));
    }

    private void Number(ReadOnlySpan<byte> wrapper, long value)
    {
        if (types == JsonTypes.Canonical)
            Wrapped(wrapper, value.ToString(CultureInfo.InvariantCulture));
        else
            json.WriteNumberValue(value);
    }

    private void Double(double value)
    {
        var text = double.IsPositiveInfinity(value) ? "Infinity"
            : double.IsNegativeInfinity(value) ? "-Infinity"
            : double.IsNaN(value) ? "NaN"
            : DoubleText(value);
        if (double.IsFinite(value) && types != JsonTypes.Canonical)
            json.WriteRawValue(text, skipInputValidation: true);
        else
            Wrapped("$numberDouble"u8, text);
    }

    /// <summary>The shortest digits that read back as the same number, with a point or exponent: 1 and 1.0 stay apart.</summary>
    private static string DoubleText(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return text.AsSpan().ContainsAny('.', 'E') ? text : text + ".0";
    }

    private void Decimal(Decimal128 value)
    {
        if (types == JsonTypes.Plain && value.IsFinite)
            json.WriteRawValue(value.ToString(), skipInputValidation: true);
        else
            Wrapped("$numberDecimal"u8, value.ToString());
    }

    private void Date(long milliseconds)
    {
        var iso = milliseconds is >= FirstIsoDate and <= LastIsoDate
            ? DateTime.UnixEpoch.AddTicks(milliseconds * TimeSpan.TicksPerMillisecond)
                .ToString("yyyy-MM-dd'T'HH:mm:ss.FFF'Z'", CultureInfo.InvariantCulture)
            : null;
        switch (types)
        {
            case JsonTypes.Plain when iso is not null:
                json.WriteStringValue(iso);
                break;
            case JsonTypes.Plain:
                json.WriteNumberValue(milliseconds);
                break;
            case JsonTypes.Relaxed when iso is not null && milliseconds >= 0:
                Wrapped("$date"u8, iso);
                break;
            default:
                json.WriteStartObject();
                json.WriteStartObject("$date"u8);
                json.WriteString("$numberLong"u8, milliseconds.ToString(CultureInfo.InvariantCulture));
                json.WriteEndObject();
                json.WriteEndObject();
                break;
        }
    }

    private void Binary(byte subtype, ReadOnlySpan<byte> bytes)
    {
        if (types == JsonTypes.Plain)
        {
            json.WriteStringValue(
                subtype == 4 && bytes.Length == 16 ? new Guid(bytes, bigEndian: true).ToString() : Convert.ToBase64String(bytes));
            return;
        }

        // Subtype 2 holds its length once more.
        var content = subtype == 2 && bytes.Length >= 4 ? bytes[4..] : bytes;
        json.WriteStartObject();
        json.WriteStartObject("$binary"u8);
        json.WriteBase64String("base64"u8, content);
        json.WriteString("subType"u8, subtype.ToString("x2", CultureInfo.InvariantCulture));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Regex(ReadOnlySpan<byte> value)
    {
        var end = value.IndexOf((byte)0);
        var pattern = Encoding.UTF8.GetString(value[..end]);
        var options = Encoding.UTF8.GetString(value[(end + 1)..^1]);
        if (types == JsonTypes.Plain)
        {
            json.WriteStringValue($"/{pattern}/{options}");
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("$regularExpression"u8);
        json.WriteString("pattern"u8, pattern);
        json.WriteString("options"u8, options);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Timestamp(uint seconds, uint counter)
    {
        if (types != JsonTypes.Plain)
        {
            json.WriteStartObject();
            json.WritePropertyName("$timestamp"u8);
        }

        json.WriteStartObject();
        json.WriteNumber("t"u8, seconds);
        json.WriteNumber("i"u8, counter);
        json.WriteEndObject();
        if (types != JsonTypes.Plain)
            json.WriteEndObject();
    }

    private void DbPointer(ReadOnlySpan<byte> value)
    {
        var id = Convert.ToHexStringLower(value[^12..]);
        if (types == JsonTypes.Plain)
        {
            json.WriteStringValue(id);
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("$dbPointer"u8);
        json.WriteString("$ref"u8, Encoding.UTF8.GetString(value[4..^13]));
        json.WritePropertyName("$id"u8);
        Wrapped("$oid"u8, id);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void CodeWithScope(ReadOnlySpan<byte> value)
    {
        var length = ReadInt32LittleEndian(value[4..]);
        if (length < 1 || length > value.Length - 8)
            throw BsonReader.Corrupt();

        var code = value.Slice(8, length - 1);
        json.WriteStartObject();
        json.WriteString("$code"u8, Encoding.UTF8.GetString(code));
        json.WritePropertyName("$scope"u8);
        WriteDocument(value[(8 + code.Length + 1)..]);
        json.WriteEndObject();
    }

    /// <summary>A type that is one text: wrapped, or the text alone where types are plain.</summary>
    private void Wrapped(ReadOnlySpan<byte> wrapper, string text)
    {
        if (types == JsonTypes.Plain)
        {
            json.WriteStringValue(text);
            return;
        }

        json.WriteStartObject();
        json.WriteString(wrapper, text);
        json.WriteEndObject();
    }

    private void Mark(ReadOnlySpan<byte> wrapper, ReadOnlySpan<byte> value)
    {
        if (types == JsonTypes.Plain)
        {
            json.WriteStringValue(wrapper[1..]);
            return;
        }

        json.WriteStartObject();
        json.WritePropertyName(wrapper);
        json.WriteRawValue(value, skipInputValidation: true);
        json.WriteEndObject();
    }
}
