using System.Buffers;
using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tidemill.DuckDb;

namespace Tidemill.Core.Warehouses;

/// <summary>For whom cells are written.</summary>
public enum CellReader
{
    /// <summary>For people: times as they stand, NaN and infinities as text.</summary>
    Person,

    /// <summary>For a store of documents: all times are UTC, and every number is one.</summary>
    Store,
}

/// <summary>A database value as JSON: numbers stay numbers with all their digits, times are ISO 8601, bytes are base64, lists are arrays,
/// structs and maps are objects.</summary>
public static class CellJson
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="NotFiniteNumberException">A store's number is NaN or infinite, which JSON has no way to write.</exception>
    public static void Write(Utf8JsonWriter json, object? value, CellReader reader = CellReader.Person)
    {
        ArgumentNullException.ThrowIfNull(json);
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case sbyte or byte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case decimal number:
                json.WriteNumberValue(number);
                break;
            case BigInteger or DuckDbDecimal:
                json.WriteRawValue(CellText.Of(value));
                break;
            case float number when float.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case double or float:
                WriteFloat(json, Convert.ToDouble(value, CultureInfo.InvariantCulture), reader);
                break;
            case DuckDbUnion union:
                Write(json, union.Value, reader);
                break;
            case IReadOnlyDictionary<string, object?> fields:
                WriteObject(json, fields, reader);
                break;
            case KeyValuePair<object, object?>[] entries:
                WriteMap(json, entries, reader);
                break;
            case Array items when value is not byte[]:
                WriteArray(json, items, reader);
                break;
            default:
                json.WriteStringValue(CellText.Of(value, reader == CellReader.Store));
                break;
        }
    }

    /// <summary>The value as JSON text.</summary>
    public static string Text(object? value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
            Write(json, value);

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteObject(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, object?>> fields, CellReader reader)
    {
        json.WriteStartObject();
        foreach (var (name, field) in fields)
        {
            json.WritePropertyName(name);
            Write(json, field, reader);
        }

        json.WriteEndObject();
    }

    /// <summary>An object, where the keys are texts; else an array of objects with key and value.</summary>
    private static void WriteMap(Utf8JsonWriter json, KeyValuePair<object, object?>[] entries, CellReader reader)
    {
        if (Array.TrueForAll(entries, entry => entry.Key is string))
        {
            WriteObject(json, entries.Select(entry => KeyValuePair.Create((string)entry.Key, entry.Value)), reader);
            return;
        }

        json.WriteStartArray();
        foreach (var (key, item) in entries)
            WriteObject(json, [KeyValuePair.Create<string, object?>("key", key), KeyValuePair.Create("value", item)], reader);

        json.WriteEndArray();
    }

    private static void WriteArray(Utf8JsonWriter json, Array items, CellReader reader)
    {
        json.WriteStartArray();
        foreach (var item in items)
            Write(json, item, reader);

        json.WriteEndArray();
    }

    // JSON has no NaN and no infinity.
    private static void WriteFloat(Utf8JsonWriter json, double value, CellReader reader)
    {
        if (double.IsFinite(value))
            json.WriteNumberValue(value);
        else if (reader == CellReader.Store)
            throw new NotFiniteNumberException(value);
        else
            json.WriteStringValue(value.ToString(CultureInfo.InvariantCulture));
    }
}
