using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;

namespace Tidemill.Streaming.Decoding;

/// <summary>Parses a field's default by decoding a record that holds nothing else.</summary>
internal static unsafe class DefaultDecoder
{
    /// <summary>Null when the default is JSON's null.</summary>
    public static FieldDefault? Decode(DecodePlan plan, FieldPlan field, string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        if (!IsOneValue(bytes))
            throw Invalid(field, "is not one JSON value");

        var epoch = field.EpochScale;
        var declared = new DecodeField(field.Name, field.Type)
        {
            Path = ["v"],
            AnyValue = field.AnyValue,
            TimestampFormat = epoch switch
            {
                6 => TimestampFormat.EpochSeconds,
                3 => TimestampFormat.EpochMilliseconds,
                0 => TimestampFormat.EpochMicroseconds,
                null => TimestampFormat.Iso8601,
                _ => TimestampFormat.EpochNanoseconds,
            },
        };
        var decoder = new JsonDecoder(new DecodeDefinition { Fields = [declared], Lenient = plan.Lenient });
        using var writer = decoder.CreateWriter();
        byte[] record = [.. "{\"v\":"u8, .. bytes, (byte)'}'];

        // SAFETY: pinned while the decoder reads it.
        fixed (byte* value = record)
        {
            if (!decoder.TryDecode(new RecordRef(null, -1, value, record.Length, 0, 0), writer, out var failure))
            {
                throw Invalid(
                    field, failure.Reason == DecodeReason.OutOfRange ? $"does not fit {field.Type}" : $"is not a value of {field.Type}");
            }
        }

        var cells = writer.Chunk[0];
        if (cells.IsNull(0))
            return null;

        if (field.Kind is FieldKind.Text or FieldKind.Json or FieldKind.Blob)
            return new FieldDefault(null, cells.GetBytes(0).ToArray());

        return new FieldDefault(new Span<byte>(writer.Cells<byte>(0), ChunkWriter.PhysicalBytes(cells.Type)).ToArray(), null);
    }

    private static bool IsOneValue(byte[] json)
    {
        ScanFailure ignored = default;

        // SAFETY: pinned while the scanner reads it.
        fixed (byte* start = json)
        {
            var end = start + json.Length;
            var after = JsonScanner.SkipValue(JsonScanner.SkipWhitespace(start, end), end, 1, ref ignored);
            return after != null && JsonScanner.SkipWhitespace(after, end) == end;
        }
    }

    private static TidemillException Invalid(FieldPlan field, string problem) =>
        new(ErrorCode.ConfigurationInvalid, $"Field {field.Name}: its default {problem}.");
}
