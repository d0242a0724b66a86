using System.Buffers;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <content>One value into one cell.</content>
public sealed unsafe partial class JsonDecoder
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* DecodeField(FieldPlan field, byte* p, byte* end, int depth)
    {
        var after = DecodeValue(field, p, end, depth);
        if (after == null)
            _failedField ??= field;

        return after;
    }

    private byte* DecodeValue(FieldPlan field, byte* p, byte* end, int depth)
    {
        if (p >= end)
            return _failed.Set(DecodeReason.Truncated, p);

        if (*p == 'n')
            return DecodeNull(field, p, end);

        switch (field.Kind)
        {
            case FieldKind.Text:
                return *p == '"' ? DecodeText(field, p, end) : DecodeRaw(field, p, end, depth, allowed: _plan.Lenient || field.AnyValue);
            case FieldKind.Json:
                return DecodeRaw(field, p, end, depth, allowed: true);
            case FieldKind.Boolean:
                return DecodeBoolean(field, p, end, depth);
            case FieldKind.Uuid:
                return DecodeUuid(field, p, end, depth);
            case FieldKind.Timestamp or FieldKind.TimestampTz when field.EpochScale is null:
            case FieldKind.Blob or FieldKind.Date or FieldKind.Time or FieldKind.Interval:
                return DecodeFromString(field, p, end, depth);
            default:
                return DecodeNumber(field, p, end, depth);
        }
    }

    private byte* DecodeNull(FieldPlan field, byte* p, byte* end)
    {
        var after = JsonScanner.Literal(p, end, "null"u8, ref _failed);
        if (after == null)
            return null;

        if (field.Required)
            return _failed.Set(DecodeReason.NullField, p);

        _target.SetNull(field.Column);
        return after;
    }

    private byte* DecodeText(FieldPlan field, byte* p, byte* end)
    {
        var quote = JsonScanner.StringEnd(p + 1, end, out var escaped, ref _failed);
        if (quote == null)
            return null;

        var length = (int)(quote - p - 1);
        if (!escaped)
        {
            _target.SetText(field.Column, p + 1, length);
            return quote + 1;
        }

        // Unescaped text is never longer than escaped text.
        var text = _target.Texts.Reserve(length);
        length = JsonStrings.Unescape(new ReadOnlySpan<byte>(p + 1, length), new Span<byte>(text, length));
        _target.Texts.Take(length);
        _target.PointAt(field.Column, text, length);
        return quote + 1;
    }

    /// <summary>The value's own JSON text.</summary>
    private byte* DecodeRaw(FieldPlan field, byte* p, byte* end, int depth, bool allowed)
    {
        if (!allowed)
            return WrongType(p, end, depth);

        var after = JsonScanner.SkipValue(p, end, depth, ref _failed);
        if (after != null)
            _target.SetText(field.Column, p, (int)(after - p));

        return after;
    }

    private byte* DecodeBoolean(FieldPlan field, byte* p, byte* end, int depth)
    {
        bool value;
        byte* after;
        if (*p is (byte)'t' or (byte)'f')
        {
            value = *p == 't';
            after = JsonScanner.Literal(p, end, value ? "true"u8 : "false"u8, ref _failed);
        }
        else if (*p == '"' && _plan.Lenient)
        {
            var quote = JsonScanner.StringEnd(p + 1, end, out var escaped, ref _failed);
            if (quote == null)
                return null;

            var text = Text(p + 1, quote, escaped);
            value = text.SequenceEqual("true"u8);
            after = value || text.SequenceEqual("false"u8) ? quote + 1 : _failed.Set(DecodeReason.InvalidValue, p);
        }
        else
        {
            return WrongType(p, end, depth);
        }

        _target.Cells<bool>(field.Column)[_target.Rows] = value;
        return after;
    }

    private byte* DecodeUuid(FieldPlan field, byte* p, byte* end, int depth)
    {
        const int Quoted = UuidParser.CanonicalLength + 2;
        if (*p == '"' && end - p >= Quoted && p[Quoted - 1] == '"' && UuidParser.TryParseCanonical(ref p[1], out var low, out var high))
        {
            var cell = (ulong*)(_target.Cells<UInt128>(field.Column) + _target.Rows);
            cell[0] = low;
            cell[1] = high;
            return p + Quoted;
        }

        return DecodeFromString(field, p, end, depth);
    }

    private byte* DecodeFromString(FieldPlan field, byte* p, byte* end, int depth)
    {
        if (*p != '"')
            return WrongType(p, end, depth);

        var quote = JsonScanner.StringEnd(p + 1, end, out var escaped, ref _failed);
        return quote == null ? null : Checked(WriteParsed(field, Text(p + 1, quote, escaped)), p, quote + 1);
    }

    private ParseResult WriteParsed(FieldPlan field, ReadOnlySpan<byte> text)
    {
        var row = _target.Rows;
        switch (field.Kind)
        {
            case FieldKind.Uuid:
                var halves = (ulong*)(_target.Cells<UInt128>(field.Column) + row);
                return UuidParser.TryParse(text, out halves[0], out halves[1]) ? ParseResult.Ok : ParseResult.Invalid;
            case FieldKind.Date:
                return TimestampParser.TryParseDate(text, out _target.Cells<int>(field.Column)[row]);
            case FieldKind.Time:
                return TimestampParser.TryParseTime(text, out _target.Cells<long>(field.Column)[row]);
            case FieldKind.Interval:
                var parts = (int*)(_target.Cells<UInt128>(field.Column) + row);
                return IntervalParser.TryParse(text, out parts[0], out parts[1], out *(long*)(parts + 2));
            case FieldKind.Blob:
                return WriteBase64(field.Column, text) ? ParseResult.Ok : ParseResult.Invalid;
            default:
                return TimestampParser.TryParse(text, out _target.Cells<long>(field.Column)[row]);
        }
    }

    private bool WriteBase64(int column, ReadOnlySpan<byte> text)
    {
        var room = Base64.GetMaxDecodedFromUtf8Length(text.Length);
        var bytes = _target.Texts.Reserve(room);
        if (Base64.DecodeFromUtf8(text, new Span<byte>(bytes, room), out _, out var length) != OperationStatus.Done)
            return false;

        _target.Texts.Take(length);
        _target.PointAt(column, bytes, length);
        return true;
    }

    private byte* DecodeNumber(FieldPlan field, byte* p, byte* end, int depth)
    {
        if (*p == '"' && _plan.Lenient)
            return DecodeQuotedNumber(field, p, end);

        if (*p != '-' && !char.IsAsciiDigit((char)*p))
            return WrongType(p, end, depth);

        var after = JsonNumber.Scan(p, end, out var number, ref _failed);
        return after == null ? null : Checked(WriteNumber(field, number), p, after);
    }

    private byte* DecodeQuotedNumber(FieldPlan field, byte* p, byte* end)
    {
        var quote = JsonScanner.StringEnd(p + 1, end, out var escaped, ref _failed);
        if (quote == null)
            return null;

        // SAFETY: the number points into the text, which stays pinned until it is written.
        var content = Text(p + 1, quote, escaped);
        fixed (byte* text = content)
        {
            ScanFailure ignored = default;
            var stop = JsonNumber.Scan(text, text + content.Length, out var number, ref ignored);
            var complete = stop != null && stop == text + content.Length;
            return Checked(complete ? WriteNumber(field, number) : ParseResult.Invalid, p, quote + 1);
        }
    }

    private ParseResult WriteNumber(FieldPlan field, in JsonNumber number)
    {
        var row = _target.Rows;
        var column = field.Column;
        switch (field.Kind)
        {
            case FieldKind.Decimal:
                return WriteDecimal(field, number);
            case FieldKind.Float:
                return NumberConversion.ToFloat(number, out _target.Cells<float>(column)[row]);
            case FieldKind.Double:
                return NumberConversion.ToDouble(number, out _target.Cells<double>(column)[row]);
            case FieldKind.UInt64:
                return NumberConversion.ToUInt64(number, ulong.MaxValue, out _target.Cells<ulong>(column)[row]);
            case FieldKind.HugeInt:
                return NumberConversion.ToInt128(
                    number, 0, Rounding.Exact, Int128.MinValue, Int128.MaxValue, out _target.Cells<Int128>(column)[row]);
            case FieldKind.Timestamp or FieldKind.TimestampTz:
                return NumberConversion.ToInt64(
                    number, field.EpochScale!.Value, Rounding.Floor, TimestampParser.MinMicros, TimestampParser.MaxMicros,
                    out _target.Cells<long>(column)[row]);
            default:
                var result = NumberConversion.ToInt64(number, 0, Rounding.Exact, field.Min, field.Max, out var value);
                WriteInteger(field, value);
                return result;
        }
    }

    private void WriteInteger(FieldPlan field, long value)
    {
        var row = _target.Rows;
        switch (field.Kind)
        {
            case FieldKind.Int8 or FieldKind.UInt8:
                _target.Cells<byte>(field.Column)[row] = unchecked((byte)value);
                break;
            case FieldKind.Int16 or FieldKind.UInt16:
                _target.Cells<short>(field.Column)[row] = unchecked((short)value);
                break;
            case FieldKind.Int32 or FieldKind.UInt32:
                _target.Cells<int>(field.Column)[row] = unchecked((int)value);
                break;
            default:
                _target.Cells<long>(field.Column)[row] = value;
                break;
        }
    }

    private ParseResult WriteDecimal(FieldPlan field, in JsonNumber number)
    {
        var (_, precision, scale) = field.Type;
        if (precision > 18)
            return NumberConversion.ToDecimal(number, precision, scale, out _target.Cells<Int128>(field.Column)[_target.Rows]);

        var result = NumberConversion.ToShortDecimal(number, precision, scale, out var value);
        if (precision > 9)
            _target.Cells<long>(field.Column)[_target.Rows] = value;
        else if (precision > 4)
            _target.Cells<int>(field.Column)[_target.Rows] = unchecked((int)value);
        else
            _target.Cells<short>(field.Column)[_target.Rows] = unchecked((short)value);

        return result;
    }

    private byte* Checked(ParseResult result, byte* p, byte* after) => result switch
    {
        ParseResult.Ok => after,
        ParseResult.OutOfRange => _failed.Set(DecodeReason.OutOfRange, p),
        _ => _failed.Set(DecodeReason.InvalidValue, p),
    };

    /// <summary>The failure for a value of another JSON type; broken JSON is reported as such.</summary>
    private byte* WrongType(byte* p, byte* end, int depth) =>
        JsonScanner.SkipValue(p, end, depth, ref _failed) == null ? null : _failed.Set(DecodeReason.WrongType, p);

    /// <summary>A string's text between its quotes, unescaped into the scratch buffer when need be; valid until the next call.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ReadOnlySpan<byte> Text(byte* p, byte* quote, bool escaped)
    {
        var text = new ReadOnlySpan<byte>(p, (int)(quote - p));
        return escaped ? Unescaped(text) : text;
    }

    private ReadOnlySpan<byte> Unescaped(ReadOnlySpan<byte> text)
    {
        if (_scratch.Length < text.Length)
            _scratch = new byte[Math.Max(text.Length, _scratch.Length * 2)];

        return _scratch.AsSpan(0, JsonStrings.Unescape(text, _scratch));
    }
}
