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
            failedField = field;
            failed.Set(field.Required ? DecodeReason.MissingField : DecodeReason.DroppedField, recordEnd);
            return false;
        }

        target.SetNull(field.Column);
        return true;
    }

    private void WriteDefault(int column, FieldDefault value)
    {
        if (value.Text is not null)
        {
            target.SetText(column, value.Text);
            return;
        }

        var cell = value.Cell!;
        cell.CopyTo(new Span<byte>(target.Cells<byte>(column) + ((long)target.Rows * cell.Length), cell.Length));
    }

    /// <summary>
    /// Adds <c>"name":value</c> to the object of undeclared properties. The record has all its bytes and more, so room for
    /// as many as the record has is enough.
    /// </summary>
    private void AddExtra(byte* name, byte* nameEnd, byte* value, byte* valueEnd)
    {
        if (extra == null)
        {
            extra = target.Extras.Reserve(extraRoom);
        }

        extra[extraLength] = extraLength == 0 ? (byte)'{' : (byte)',';
        extraLength++;
        AppendExtra(name, (int)(nameEnd - name));
        extra[extraLength++] = (byte)':';
        AppendExtra(value, (int)(valueEnd - value));
    }

    private void AppendExtra(byte* bytes, int length)
    {
        Unsafe.CopyBlockUnaligned(extra + extraLength, bytes, (uint)length);
        extraLength += length;
    }

    private bool WriteExtra()
    {
        if (plan.ExtraColumn < 0)
        {
            return true;
        }

        if (extra == null)
        {
            target.SetNull(plan.ExtraColumn);
            return true;
        }

        extra[extraLength++] = (byte)'}';
        target.Extras.Take(extraLength);
        target.PointAt(plan.ExtraColumn, extra, extraLength);
        return true;
    }

    private void WriteMetadata(in RecordRef record)
    {
        var metadata = plan.Metadata;
        if (metadata == MetadataColumns.None)
        {
            return;
        }

        var column = plan.FirstMetadataColumn;
        if ((metadata & MetadataColumns.Topic) != 0)
        {
            target.PointAt(column++, target.TopicText, target.TopicLength);
        }

        if ((metadata & MetadataColumns.Partition) != 0)
        {
            target.Cells<int>(column++)[target.Rows] = target.Partition.Partition;
        }

        if ((metadata & MetadataColumns.Offset) != 0)
        {
            target.Cells<long>(column++)[target.Rows] = record.Offset;
        }

        if ((metadata & MetadataColumns.Timestamp) != 0)
        {
            target.Cells<long>(column++)[target.Rows] = Math.Clamp(
                record.TimestampMs, TimestampParser.MinMicros / MicrosPerMillisecond, TimestampParser.MaxMicros / MicrosPerMillisecond)
                * MicrosPerMillisecond;
        }

        if ((metadata & MetadataColumns.Key) == 0)
        {
            return;
        }

        if (record.HasKey)
        {
            target.SetText(column, record.Key);
        }
        else
        {
            target.SetNull(column);
        }
    }
}
