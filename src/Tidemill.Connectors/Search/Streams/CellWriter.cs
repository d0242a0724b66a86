using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Search.Streams;

/// <summary>
/// Writes cells of one column as JSON or as the text that ids are made of, straight from the vector: numbers as numbers with
/// all their digits, dates and times as ISO 8601 (timestamps in UTC with Z), intervals as ISO 8601 durations, bytes as
/// base64, JSON as it is. Used by one caller at a time, while the attached chunk is alive.
/// </summary>
internal sealed unsafe class CellWriter(Field column)
{
    /// <summary>Room for any cell that is no text: 39 digits with sign and point, a time, a UUID or an interval.</summary>
    private const int MaxTextBytes = 80;

    private readonly JsonEncodedText _name = JsonEncodedText.Encode(column.Name, DocumentEncoder.Escaping);
    private byte* _data;
    private ulong* _validity;
    private int _bytes;

    public Field Field => column;

    /// <summary>Takes the column's memory. SAFETY: valid while the chunk is neither reset nor disposed; used by one thread.</summary>
    public void Attach(Vector vector)
    {
        _bytes = Width(vector.Type);
        _data = _bytes switch
        {
            1 => Pointer(vector.Data<byte>()),
            2 => Pointer(vector.Data<short>()),
            4 => Pointer(vector.Data<int>()),
            8 => Pointer(vector.Data<long>()),
            _ => Pointer(vector.Data<Int128>()),
        };
        var validity = vector.Validity;
        _validity = validity.IsEmpty ? null : (ulong*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(validity));
    }

    public bool IsNull(int row) => _validity is not null && (_validity[row >> 6] & (1UL << (row & 63))) == 0;

    public bool IsTrue(int row) => !IsNull(row) && _data[row] != 0;

    /// <summary>The cell as a version: an integer, or microseconds since 1970; null when it is none, or is negative.</summary>
    public long? Version(int row)
    {
        if (IsNull(row))
        {
            return null;
        }

        var value = column.Type.Kind == FieldKind.Date ? ((int*)_data)[row] * TimeSpan.MicrosecondsPerDay : Integer(row);
        return value >= 0 && value <= long.MaxValue ? (long)value : null;
    }

    /// <summary>A date or timestamp; null for NULL and for times that the calendar of .NET lacks.</summary>
    public DateTime? Time(int row)
    {
        if (IsNull(row))
        {
            return null;
        }

        if (column.Type.Kind == FieldKind.Date)
        {
            return new DuckDbDate(((int*)_data)[row]).TryToDateOnly(out var date) ? date.ToDateTime(TimeOnly.MinValue) : null;
        }

        return new DuckDbTimestamp(((long*)_data)[row]).TryToDateTime(out var time) ? time : null;
    }

    /// <summary>Writes name and value. Null when done, else why the cell cannot be JSON.</summary>
    public string? Write(Utf8JsonWriter json, int row)
    {
        json.WritePropertyName(_name);
        if (IsNull(row))
        {
            json.WriteNullValue();
            return null;
        }

        switch (column.Type.Kind)
        {
            case FieldKind.Boolean: json.WriteBooleanValue(_data[row] != 0); return null;
            case FieldKind.Text: json.WriteStringValue(Bytes(row)); return null;
            case FieldKind.Blob: json.WriteBase64StringValue(Bytes(row)); return null;
            case FieldKind.Json: WriteJson(json, Bytes(row)); return null;
            case FieldKind.Float: return WriteFloat(json, ((float*)_data)[row]);
            case FieldKind.Double: return WriteDouble(json, ((double*)_data)[row]);
            case FieldKind.Uuid or FieldKind.Date or FieldKind.Time or FieldKind.Timestamp or FieldKind.TimestampTz or FieldKind.Interval:
                return WriteText(json, row, quoted: true);
            case FieldKind.Decimal or FieldKind.HugeInt or FieldKind.UInt64: return WriteText(json, row, quoted: false);
            default: json.WriteNumberValue((long)Integer(row)); return null;
        }
    }

    /// <summary>Appends the cell's text to an id. False when the cell is NULL or has none.</summary>
    public bool TryAppend(ArrayBufferWriter<byte> id, int row)
    {
        if (IsNull(row))
        {
            return false;
        }

        if (column.Type.Kind is FieldKind.Text or FieldKind.Json or FieldKind.Blob)
        {
            id.Write(Bytes(row));
            return true;
        }

        if (!TryFormat(id.GetSpan(MaxTextBytes), row, out var written))
        {
            return false;
        }

        id.Advance(written);
        return true;
    }

    /// <summary>SAFETY: the cell lies in the attached chunk, which outlives the span.</summary>
    private ReadOnlySpan<byte> Bytes(int row) => DuckDbString.Bytes(ref ((DuckDbString*)_data)[row]);

    private string? WriteText(Utf8JsonWriter json, int row, bool quoted)
    {
        Span<byte> text = stackalloc byte[MaxTextBytes];
        if (!TryFormat(text, row, out var written))
        {
            return "a time that the calendar lacks";
        }

        if (quoted)
        {
            json.WriteStringValue(text[..written]);
        }
        else
        {
            json.WriteRawValue(text[..written], skipInputValidation: true);
        }

        return null;
    }

    private static string? WriteDouble(Utf8JsonWriter json, double value)
    {
        if (!double.IsFinite(value))
        {
            return "a number that is not finite, which JSON has no way to write";
        }

        json.WriteNumberValue(value);
        return null;
    }

    private static string? WriteFloat(Utf8JsonWriter json, float value)
    {
        if (!float.IsFinite(value))
        {
            return WriteDouble(json, value);
        }

        json.WriteNumberValue(value);
        return null;
    }

    /// <summary>The bulk API wants one line; line ends in JSON stand between tokens only.</summary>
    private static void WriteJson(Utf8JsonWriter json, ReadOnlySpan<byte> text)
    {
        if (!text.ContainsAny((byte)'\n', (byte)'\r'))
        {
            json.WriteRawValue(text, skipInputValidation: true);
            return;
        }

        var line = text.ToArray();
        line.AsSpan().Replace((byte)'\n', (byte)' ');
        line.AsSpan().Replace((byte)'\r', (byte)' ');
        json.WriteRawValue(line, skipInputValidation: true);
    }

    private bool TryFormat(Span<byte> text, int row, out int written)
    {
        written = 0;
        switch (column.Type.Kind)
        {
            case FieldKind.Boolean: return Utf8Formatter.TryFormat(_data[row] != 0, text, out written, 'l');
            case FieldKind.Uuid: return Utf8Formatter.TryFormat(DuckDbUuid.ToGuid(((Int128*)_data)[row]), text, out written);
            case FieldKind.Float: return ((float*)_data)[row].TryFormat(text, out written, default, CultureInfo.InvariantCulture);
            case FieldKind.Double: return ((double*)_data)[row].TryFormat(text, out written, default, CultureInfo.InvariantCulture);
            case FieldKind.Date: return Time(row) is { } date && date.TryFormat(text, out written, "yyyy-MM-dd", CultureInfo.InvariantCulture);
            case FieldKind.Timestamp or FieldKind.TimestampTz:
                return Time(row) is { } time && time.TryFormat(text, out written, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
            case FieldKind.Time:
                return ((long*)_data)[row] < TimeSpan.MicrosecondsPerDay && new TimeOnly(((long*)_data)[row] * TimeSpan.TicksPerMicrosecond)
                    .TryFormat(text, out written, "HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
            case FieldKind.Interval:
                ref var span = ref ((DuckDbInterval*)_data)[row];
                return System.Text.Unicode.Utf8.TryWrite(
                    text, CultureInfo.InvariantCulture, $"P{span.Months}M{span.Days}DT{span.Micros / 1_000_000m:0.######}S", out written);
            case FieldKind.Decimal when column.Type.Scale > 0: return TryFormatDecimal(text, Integer(row), out written);
            default: return Integer(row).TryFormat(text, out written, default, CultureInfo.InvariantCulture);
        }
    }

    private bool TryFormatDecimal(Span<byte> text, Int128 unscaled, out int written)
    {
        var sign = unscaled < 0 ? 1 : 0;
        text[0] = (byte)'-';
        var digits = text[sign..];
        UInt128 magnitude = sign == 1 ? (UInt128)(-unscaled) : (UInt128)unscaled;
        Span<byte> format = stackalloc byte[48];
        magnitude.TryFormat(format, out var length, default, CultureInfo.InvariantCulture);
        var scale = column.Type.Scale;
        var whole = Math.Max(length - scale, 0);
        var at = Math.Max(whole, 1);
        digits[0] = (byte)'0';
        format[..whole].CopyTo(digits);
        digits[at] = (byte)'.';
        digits.Slice(at + 1, scale).Fill((byte)'0');
        format[whole..length].CopyTo(digits[(at + 1 + scale - (length - whole))..]);
        written = sign + at + 1 + scale;
        return true;
    }

    private Int128 Integer(int row) => column.Type.Kind switch
    {
        FieldKind.UInt8 => _data[row],
        FieldKind.UInt16 => ((ushort*)_data)[row],
        FieldKind.UInt32 => ((uint*)_data)[row],
        FieldKind.UInt64 => ((ulong*)_data)[row],
        _ => _bytes switch
        {
            1 => ((sbyte*)_data)[row],
            2 => ((short*)_data)[row],
            4 => ((int*)_data)[row],
            8 => ((long*)_data)[row],
            _ => ((Int128*)_data)[row],
        },
    };

    private int Width(LogicalType type) => column.Type.Kind switch
    {
        FieldKind.Boolean or FieldKind.Int8 or FieldKind.UInt8 => 1,
        FieldKind.Int16 or FieldKind.UInt16 => 2,
        FieldKind.Int32 or FieldKind.UInt32 or FieldKind.Date or FieldKind.Float => 4,
        FieldKind.HugeInt or FieldKind.Uuid or FieldKind.Interval or FieldKind.Text or FieldKind.Json or FieldKind.Blob => 16,
        FieldKind.Decimal when type.Width <= 4 => 2,
        FieldKind.Decimal when type.Width <= 9 => 4,
        FieldKind.Decimal when type.Width > 18 => 16,
        _ => 8,
    };

    private static byte* Pointer<T>(Span<T> cells) where T : unmanaged =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(cells));
}
