using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Server.Api;

/// <summary>Reads a few records for people to look at, without a group and without leaving a trace.</summary>
internal static class TopicBrowser
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(500);

    /// <summary>Records in offset order; without an offset the latest of each partition, newest first.</summary>
    public static async Task<IReadOnlyList<RecordAnswer>> ReadAsync(
        ILog log, TopicDescription topic, int? partition, long? offset, int limit, CancellationToken cancellationToken)
    {
        if (partition is { } wanted && (wanted < 0 || wanted >= topic.Partitions.Count))
        {
            throw new TidemillException(ErrorCode.InvalidRequest, $"Partition {wanted} is not between 0 and {topic.Partitions.Count - 1}.");
        }

        List<RecordAnswer> records = [];
        foreach (var source in topic.Partitions.Where(p => partition is null || p.Partition == partition))
        {
            records.AddRange(await ReadPartitionAsync(log, topic.Name, source, offset, limit, cancellationToken));
        }

        return offset is null
            ? [.. records.OrderByDescending(r => r.Timestamp).ThenByDescending(r => r.Offset).Take(limit)]
            : [.. records.Take(limit)];
    }

    private static async Task<List<RecordAnswer>> ReadPartitionAsync(
        ILog log, string topic, PartitionDescription partition, long? offset, int limit, CancellationToken cancellationToken)
    {
        var end = partition.Next.Value;
        var start = Math.Max(offset ?? end - limit, partition.Earliest.Value);
        List<RecordAnswer> records = [];
        if (start >= end)
        {
            return records;
        }

        await using var consumer = log.CreateConsumer(new ConsumerOptions
        {
            Assignment = [new RecordPosition(new TopicPartition(topic, partition.Partition), new LogOffset(start))],
            MaxPollRecords = limit,
        });
        for (var next = start; next < end && records.Count < limit;)
        {
            using var fetched = await consumer.PollAsync(Patience, cancellationToken);
            if (fetched is null)
            {
                break;
            }

            Add(records, fetched, limit);
            next = fetched.Next.Value;
        }

        return records;
    }

    private static void Add(List<RecordAnswer> records, FetchedRecords fetched, int limit)
    {
        for (var i = 0; i < fetched.Records.Length && records.Count < limit; i++)
        {
            ref readonly var record = ref fetched.Records[i];
            records.Add(new RecordAnswer(
                fetched.Partition.Partition, record.Offset, DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs),
                record.HasKey ? BytesView.Of(record.Key) : null,
                record.IsTombstone ? null : BytesView.Of(record.Value),
                [.. fetched.Headers(i).Select(h => new HeaderAnswer(h.Name, h.Value is { } value ? BytesView.Of(value.Span) : null))]));
        }
    }
}
