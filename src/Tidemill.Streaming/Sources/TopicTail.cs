using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Sources;

/// <summary>The newest records of one partition, as it stood when described: read from ever further back, as logs are read
/// forwards only.</summary>
internal sealed class TopicTail(ILog log, string topic, PartitionDescription partition)
{
    private const long FirstWindow = 64;
    private static readonly TimeSpan PollTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The mark of the last record that a pump wrote; null when there is none.</summary>
    public async Task<SourceMark?> LastAsync(CancellationToken cancellationToken) =>
        (await ReadBackAsync(marks => marks.Count > 0, cancellationToken)).LastOrDefault();

    /// <summary>The cursors for which the condition holds, none of which lies before one that <paramref name="ends"/> is true
    /// for.</summary>
    public async Task<IReadOnlyList<string>> CursorsAsync(
        Func<string, bool> condition, Func<string, bool> ends, CancellationToken cancellationToken)
    {
        var marks = await ReadBackAsync(found => found.Count > 0 && ends(found[0].Cursor), cancellationToken);
        return [.. marks.Select(mark => mark.Cursor).Where(condition)];
    }

    private async Task<List<SourceMark>> ReadBackAsync(Func<List<SourceMark>, bool> enough, CancellationToken cancellationToken)
    {
        for (var window = FirstWindow; ; window *= 8)
        {
            var start = Math.Max(partition.Earliest.Value, partition.Next.Value - window);
            var marks = await ReadAsync(new LogOffset(start), cancellationToken);
            if (start == partition.Earliest.Value || enough(marks))
                return marks;
        }
    }

    private async Task<List<SourceMark>> ReadAsync(LogOffset start, CancellationToken cancellationToken)
    {
        var marks = new List<SourceMark>();
        if (start >= partition.Next)
            return marks;

        await using var consumer = log.CreateConsumer(new ConsumerOptions
        {
            Assignment = [new RecordPosition(new TopicPartition(topic, partition.Partition), start)],
        });
        // Null: only gaps (transaction markers, compaction) lie before the partition's end.
        var next = start;
        while (next < partition.Next && await consumer.PollAsync(PollTimeout, cancellationToken) is { } run)
        {
            using (run)
            {
                next = run.Next;
                for (var i = 0; i < run.Records.Length && run.Records[i].Offset < partition.Next.Value; i++)
                {
                    if (SourceMark.Of(run.Headers(i)) is { } mark)
                        marks.Add(mark);
                }
            }
        }

        return marks;
    }
}
