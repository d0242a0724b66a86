using Tidemill.Log.Partitions;
using Tidemill.Log.Topics;

namespace Tidemill.Log.Retention;

/// <summary>
/// Deletes whole segments from a partition's start: those whose newest record is older than the topic keeps records,
/// and the oldest while those behind them alone hold the bytes that the topic keeps. The segment that appends go to stays; when
/// all it holds is too old, it is closed first and then goes too.
/// </summary>
internal static class RetentionSweep
{
    /// <returns>Segments deleted.</returns>
    public static int Run(Topic topic, DateTimeOffset now) => topic.Partitions.Sum(p => Run(p, topic.Metadata, now));

    private static int Run(PartitionLog partition, TopicMetadata metadata, DateTimeOffset now)
    {
        if (partition.Refusal is not null) return 0;
        long oldest = metadata.RetentionMs is { } keep ? now.ToUnixTimeMilliseconds() - keep : long.MinValue;
        if (metadata.RetentionMs is not null) partition.RollIfOlder(oldest);
        long bytes = partition.Describe().Bytes ?? 0;
        int count = 0;
        foreach (var segment in partition.Segments)
        {
            bool expired = segment.MaxTimestamp < oldest;
            bool beyondSize = metadata.RetentionBytes is { } bound && bytes - segment.Bytes >= bound;
            if (!segment.IsSealed || !(expired || beyondSize)) break;
            bytes -= segment.Bytes;
            count++;
        }

        if (count > 0) partition.DeleteFirst(count);
        return count;
    }
}
