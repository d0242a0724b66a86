using Tidemill.Core.Logs;

namespace Tidemill.Tests.Log;

/// <summary>A record copied out of its fetch.</summary>
public sealed record ReadRecord(
    TopicPartition Partition, long Offset, byte[]? Key, byte[]? Value, DateTimeOffset Timestamp, IReadOnlyList<RecordHeader> Headers)
{
    public static ReadRecord Copy(FetchedRecords run, int index)
    {
        var record = run.Records[index];
        return new ReadRecord(
            run.Partition, record.Offset,
            record.HasKey ? record.Key.ToArray() : null,
            record.IsTombstone ? null : record.Value.ToArray(),
            DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs), run.Headers(index));
    }
}
