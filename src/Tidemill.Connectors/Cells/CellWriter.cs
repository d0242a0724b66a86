using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.Cells;

/// <summary>
/// Writes cells of one column as JSON or as the text that ids are made of, straight from the vector: numbers as numbers with
/// all their digits, dates and times as ISO 8601 (timestamps in UTC with Z), intervals as ISO 8601 durations, bytes as
/// base64, JSON as it is. Used by one caller at a time, while the attached chunk is alive.
/// </summary>
internal sealed unsafe class CellWriter(Field column)
{
    /// <summary>Room for any cell that is no text: 39 digits with sign and point, a time, a UUID or an interval.</summary>
    private const int MaxTextBytes = 80;

    /// <summary>Text stays UTF-8; only what JSON demands is escaped.</summary>
    public static readonly JavaScriptEncoder Escaping = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    private readonly JsonEncodedText _name = JsonEncodedText.Encode(column.Name, Escaping);
    private VectorCursor _cells;

    public Field Field => column;

    /// <summary>A part of an id made of several, with \ before each | and \ of its own: different parts never give one id.</summary>
    public static void AppendEscaped(ArrayBufferWriter<byte> id, ReadOnlySpan<byte> part)
    {
        for (var special = part.IndexOfAny((byte)'|', (byte)'\\'); special >= 0; special = part.IndexOfAny((byte)'|', (byte)'\\'))
        {
            id.Write(part[..special]);
            id.Write("\\"u8);
            id.Write(part.Slice(special, 1));
            part = part[(special + 1)..];
        }

        id.Write(part);
    }

    /// <summary>Takes the column's memory. SAFETY: valid while the chunk is neither reset nor disposed; used by one thread.</summary>
    public void Attach(Vector vector) => _cells = new VectorCursor(vector);

    public bool IsNull(int row) => _cells.IsNull(row);

    public bool IsTrue(int row) => !IsNull(row) && _cells.Data[row] != 0;

    /// <summary>The cell as a version: an integer, or microseconds since 1970; null when it is none, or is negative.</summary>
    public long? Version(int row)
    {
        if (IsNull(row))
            return null;

        var value = column.Type.Kind == FieldKind.Date ? _cells.Integer(row) * TimeSpan.MicrosecondsPerDay : _cells.Huge(row);
        return value >= 0 && value <= long.MaxValue ? (long)value : null;
    }

    /// <summary>A date or timestamp; null for NULL and for times that the calendar of .NET lacks.</summary>
    public DateTime? Time(int row)
    {
        if (IsNull(row))
            return null;

        if (column.Type.Kind == FieldKind.Date)
            return new DuckDbDate((int)_cells.Integer(row)).TryToDateOnly(out var date) ? date.ToDateTime(TimeOnly.MinValue) : null;

        return new DuckDbTimestamp(_cells.Integer(row)).TryToDateTime(out var time) ? time : null;
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
            case FieldKind.Boolean: json.WriteBooleanValue(_cells.Data[row] != 0); return null;
            case FieldKind.Text: json.WriteStringValue(_cells.Bytes(row)); return null;
            case FieldKind.Blob: json.WriteBase64StringValue(_cells.Bytes(row)); return null;
            case FieldKind.Json: WriteJson(json, _cells.Bytes(row)); return null;
            case FieldKind.Float: return WriteFloat(json, ((float*)_cells.Data)[row]);
            case FieldKind.Double: return WriteDouble(json, ((double*)_cells.Data)[row]);
            case FieldKind.Uuid or FieldKind.Date or FieldKind.Time or FieldKind.Timestamp or FieldKind.TimestampTz or FieldKind.Interval:
                return WriteText(json, row, quoted: true);
            case FieldKind.Decimal or FieldKind.HugeInt or FieldKind.UInt64: return WriteText(json, row, quoted: false);
            default: json.WriteNumberValue(_cells.Integer(row)); return null;
        }
    }

    /// <summary>Appends the cell's text to an id. False when the cell is NULL or has none.</summary>
    public bool TryAppend(ArrayBufferWriter<byte> id, int row)
    {
        if (IsNull(row))
            return false;

        if (column.Type.Kind is FieldKind.Text or FieldKind.Json or FieldKind.Blob)
        {
            id.Write(_cells.Bytes(row));
            return true;
        }

        if (!TryFormat(id.GetSpan(MaxTextBytes), row, out var written))
            return false;

        id.Advance(written);
        return true;
    }

    private string? WriteText(Utf8JsonWriter json, int row, bool quoted)
    {
        Span<byte> text = stackalloc byte[MaxTextBytes];
        if (!TryFormat(text, row, out var written))
            return "a time that the calendar lacks";

        if (quoted)
            json.WriteStringValue(text[..written]);
        else
            json.WriteRawValue(text[..written], skipInputValidation: true);

        return null;
    }

    private static string? WriteDouble(Utf8JsonWriter json, double value)
    {
        if (!double.IsFinite(value))
            return "a number that is not finite, which JSON has no way to write";

        json.WriteNumberValue(value);
        return null;
    }

    private static string? WriteFloat(Utf8JsonWriter json, float value)
    {
        if (!float.IsFinite(value))
            return WriteDouble(json, value);

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
            case FieldKind.Boolean: return Utf8Formatter.TryFormat(_cells.Data[row] != 0, text, out written, 'l');
            case FieldKind.Uuid: return Utf8Formatter.TryFormat(DuckDbUuid.ToGuid(((Int128*)_cells.Data)[row]), text, out written);
            case FieldKind.Float: return ((float*)_cells.Data)[row].TryFormat(text, out written, default, CultureInfo.InvariantCulture);
            case FieldKind.Double: return ((double*)_cells.Data)[row].TryFormat(text, out written, default, CultureInfo.InvariantCulture);
            case FieldKind.Date:
                return Time(row) is { } date
                && date.TryFormat(text, out written, "yyyy-MM-dd", CultureInfo.InvariantCulture);
            case FieldKind.Timestamp or FieldKind.TimestampTz:
                return Time(row) is { } time
                    && time.TryFormat(text, out written, "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture);
            case FieldKind.Time:
                return _cells.Integer(row) < TimeSpan.MicrosecondsPerDay && new TimeOnly(_cells.Integer(row) * TimeSpan.TicksPerMicrosecond)
                    .TryFormat(text, out written, "HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture);
            case FieldKind.Interval:
                ref var span = ref ((DuckDbInterval*)_cells.Data)[row];
                return System.Text.Unicode.Utf8.TryWrite(
                    text, CultureInfo.InvariantCulture, $"P{span.Months}M{span.Days}DT{span.Micros / 1_000_000m:0.######}S", out written);
            case FieldKind.Decimal when column.Type.Scale > 0: return TryFormatDecimal(text, _cells.Huge(row), out written);
            default: return _cells.Huge(row).TryFormat(text, out written, default, CultureInfo.InvariantCulture);
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
}
