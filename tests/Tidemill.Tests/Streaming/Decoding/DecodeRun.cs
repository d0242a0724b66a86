using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Tests.Streaming.Decoding;

/// <summary>Decodes one record at a time out of guarded memory.</summary>
internal sealed unsafe class DecodeRun : IDisposable
{
    private readonly GuardedMemory _memory = new(1 << 20);
    private readonly JsonDecoder _decoder;

    public DecodeRun(DecodeDefinition definition, MetadataColumns metadata = MetadataColumns.None)
    {
        _decoder = new JsonDecoder(definition, metadata);
        Writer = _decoder.CreateWriter();
        Writer.Enter(new TopicPartition("events", 3));
    }

    public ChunkWriter Writer { get; }

    public Schema Schema => _decoder.Schema;

    /// <summary>A decoder of one field "v".</summary>
    public static DecodeRun Of(string type, bool lenient = false, Func<DecodeField, DecodeField>? change = null)
    {
        Assert.True(FieldType.TryParse(type, out var parsed));
        var field = new DecodeField("v", parsed);
        return new DecodeRun(new DecodeDefinition { Fields = [change?.Invoke(field) ?? field], Lenient = lenient });
    }

    public bool TryDecode(ReadOnlySpan<byte> json, out DecodeFailure failure)
    {
        if (Writer.IsFull)
        {
            Writer.Reset();
            Writer.Enter(new TopicPartition("events", 3));
        }

        var value = _memory.Place(json);
        var rows = Writer.Rows;
        var decoded = _decoder.TryDecode(new RecordRef(null, -1, value, json.Length, 7, 1_700_000_000_123), Writer, out failure);
        Assert.Equal(decoded ? rows + 1 : rows, Writer.Rows);
        Assert.Equal(decoded, failure.Reason == DecodeReason.None);
        if (!decoded)
            Assert.InRange(failure.ByteOffset, 0, json.Length);

        return decoded;
    }

    /// <summary>The last row.</summary>
    public object?[] Row => [.. Enumerable.Range(0, Writer.Chunk.ColumnCount).Select(c => Writer.Chunk[c].GetValue(Writer.Rows - 1))];

    /// <summary>The row, or the reason why there is none.</summary>
    public object?[] Decode(string json) =>
        TryDecode(Encoding.UTF8.GetBytes(json), out var failure) ? Row : throw new DecodeRejectedException(failure);

    public DecodeFailure Reject(string json) => Reject(Encoding.UTF8.GetBytes(json));

    public DecodeFailure Reject(ReadOnlySpan<byte> json)
    {
        Assert.False(TryDecode(json, out var failure), "The record was decoded.");
        Assert.Equal(Tidemill.Core.Errors.ErrorCode.DecodeFailed, failure.Code);
        Assert.EndsWith(".", failure.Message);
        return failure;
    }

    public void Dispose()
    {
        Writer.Dispose();
        _memory.Dispose();
    }
}

internal sealed class DecodeRejectedException(DecodeFailure failure) : Exception(failure.Reason + ": " + failure.Message);
