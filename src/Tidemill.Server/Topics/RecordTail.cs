using System.Runtime.CompilerServices;
using Tidemill.Core.Logs;
using Tidemill.Server.Api;

namespace Tidemill.Server.Topics;

/// <summary>What a live tail tells: records that came, or, once a second, how many went by without being shown.</summary>
public sealed record TailAnswer(RecordAnswer? Record, long Seen, long Skipped);

/// <summary>Follows a topic from now on. At most so many records a second are shown, since nobody reads more; the rest is
/// counted.</summary>
internal sealed class RecordTail(ILog log, TimeProvider time)
{
    public const int MostShown = 50;
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    public async IAsyncEnumerable<TailAnswer> FollowAsync(
        TopicDescription topic, RecordQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var chosen = Streaming.Positions.PartitionChoice.Of(topic, query.Partition);
        using var matcher = new RecordMatcher(query.Filter);
        await using var consumer = log.CreateConsumer(new ConsumerOptions
        {
            Assignment = [.. chosen.Select(p => new RecordPosition(new TopicPartition(topic.Name, p.Partition), p.Next))],
            MaxPollRecords = 2048,
        });
        long seen = 0;
        long skipped = 0;
        var shown = 0;
        var second = time.GetTimestamp();
        yield return new TailAnswer(null, 0, 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            List<RecordAnswer> records = [];
            using (var fetched = await consumer.PollAsync(PollTimeout, cancellationToken))
            {
                if (fetched is not null)
                {
                    seen += fetched.Records.Length;
                    var matches = matcher.Matches(fetched, long.MaxValue, cancellationToken);
                    records.AddRange(matches.Take(MostShown - shown).Select(i => RecordMatcher.Answer(fetched, i)));
                    skipped += matches.Count - records.Count;
                    shown += records.Count;
                }
            }

            foreach (var record in records)
                yield return new TailAnswer(record, seen, skipped);

            if (time.GetElapsedTime(second) >= Period)
            {
                (second, shown) = (time.GetTimestamp(), 0);
                yield return new TailAnswer(null, seen, skipped);
            }
        }
    }
}
