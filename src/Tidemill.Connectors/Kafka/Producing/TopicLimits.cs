using System.Text;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka.Producing;

/// <summary>What a topic takes. MaxRequestBytes is its max.message.bytes: a batch with its framing.</summary>
internal sealed record TopicLimits(int Partitions, int MaxRequestBytes)
{
    /// <summary>
    /// What Tidemill adds to <see cref="TopicSpec.MaxRecordBytes"/> for max.message.bytes: the batch header's 61 bytes and a
    /// record's lengths, offset, timestamp and a few headers' lengths.
    /// </summary>
    public const int FramingBytes = 128;

    private const int BatchHeaderBytes = 61;
    private const int RecordFramingBytes = 32;
    private const int HeaderFramingBytes = 10;

    /// <summary>Upper bound of a batch that holds just this record.</summary>
    public static long BytesOf(ProducerRecord record)
    {
        long bytes = BatchHeaderBytes + RecordFramingBytes + (record.Key?.Length ?? 0) + (record.Value?.Length ?? 0);
        foreach (var header in record.Headers ?? [])
            bytes += HeaderFramingBytes + Encoding.UTF8.GetByteCount(header.Name) + (header.Value?.Length ?? 0);

        return bytes;
    }
}
