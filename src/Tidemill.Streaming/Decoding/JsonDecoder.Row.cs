using System.Runtime.CompilerServices;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Decoding;

/// <content>What a row holds apart from the declared values that were met.</content>
public sealed unsafe partial class JsonDecoder
{
    private const long MicrosPerMillisecond = 1000;

    private bool WriteMissing(FieldPlan field)
    {
        if (field.Default is { } value)
        {
            WriteDefault(field.Column, value);
            return true;
        }

        if (field.Required || field.Dropped)
        {
            _failedField = field;
            _failed.Set(field.Required ? DecodeReason.MissingField : DecodeReason.DroppedField, _recordEnd);
            return false;
        }

        _target.SetNull(field.Column);
        return true;
    }

    private void WriteDefault(int column, FieldDefault value)
    {
        if (value.Text is not null)
        {
            _target.SetText(column, value.Text);
            return;
        }

        var cell = value.Cell!;
        cell.CopyTo(new Span<byte>(_target.Cells<byte>(column) + ((long)_target.Rows * cell.Length), cell.Length));
    }

    /// <summary>
    /// Adds <c>"name":value</c> to the object of undeclared properties. The record has all its bytes and more, so room for
    /// as many as the record has is enough.
    /// </summary>
    private void AddExtra(byte* name, byte* nameEnd, byte* value, byte* valueEnd)
    {
        if (_extra == null)
            _extra = _target.Extras.Reserve(_extraRoom);

        _extra[_extraLength] = _extraLength == 0 ? (byte)'{' : (byte)',';
        _extraLength++;
        AppendExtra(name, (int)(nameEnd - name));
        _extra[_extraLength++] = (byte)':';
        AppendExtra(value, (int)(valueEnd - value));
    }

    private void AppendExtra(byte* bytes, int length)
    {
        Unsafe.CopyBlockUnaligned(_extra + _extraLength, bytes, (uint)length);
        _extraLength += length;
    }

    private bool WriteExtra()
    {
        if (_plan.ExtraColumn < 0)
            return true;

        if (_extra == null)
        {
            _target.SetNull(_plan.ExtraColumn);
            return true;
        }

        _extra[_extraLength++] = (byte)'}';
        _target.Extras.Take(_extraLength);
        _target.PointAt(_plan.ExtraColumn, _extra, _extraLength);
        return true;
    }

    private void WriteMetadata(in RecordRef record)
    {
        var metadata = _plan.Metadata;
        if (metadata == MetadataColumns.None)
            return;

        var column = _plan.FirstMetadataColumn;
        if ((metadata & MetadataColumns.Topic) != 0)
            _target.PointAt(column++, _target.TopicText, _target.TopicLength);

        if ((metadata & MetadataColumns.Partition) != 0)
            _target.Cells<int>(column++)[_target.Rows] = _target.Partition.Partition;

        if ((metadata & MetadataColumns.Offset) != 0)
            _target.Cells<long>(column++)[_target.Rows] = record.Offset;

        if ((metadata & MetadataColumns.Timestamp) != 0)
        {
            _target.Cells<long>(column++)[_target.Rows] = Math.Clamp(
                record.TimestampMs, TimestampParser.MinMicros / MicrosPerMillisecond, TimestampParser.MaxMicros / MicrosPerMillisecond)
                * MicrosPerMillisecond;
        }

        if ((metadata & MetadataColumns.Key) == 0)
            return;

        if (record.HasKey)
            _target.SetText(column, record.Key);
        else
            _target.SetNull(column);
    }
}
