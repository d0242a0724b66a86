using Tidemill.Core.Logs;
using Tidemill.Server.Api;
using Tidemill.Streaming.Positions;

namespace Tidemill.Server.Topics;

/// <summary>
/// Looks through a topic for people, without a group and without leaving a trace. Bounded: by the query's numbers of records,
/// by 64 MiB read and by ten seconds; an answer says which bound ended it.
/// </summary>
internal sealed class RecordSearch(ILog log, TimeProvider time)
{
    private const long MostBytes = 64L << 20;
    private static readonly TimeSpan PollTimeout = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(10);

    // Offsets may be missing at a partition's end (transaction markers, compaction): nobody tells, records just do not come.
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(2);

    public async Task<RecordsAnswer> FindAsync(TopicDescription topic, RecordQuery query, CancellationToken cancellationToken)
    {
        await PartitionChoice.RequireAsync(log, topic.Name, query.Partition, cancellationToken);
        var parts = new List<Part>();
        var chosen = PartitionChoice.Of(topic, query.Partition).ToList();
        foreach (var partition in chosen)
        {
            var start = await StartAsync(topic.Name, partition, query, chosen.Count, cancellationToken);
            if (start < partition.Next.Value)
            {
                parts.Add(new Part(
                    partition.Partition, start, partition.Next.Value, isCut: query.From is null && start > partition.Earliest.Value));
            }
        }

        if (parts.Count == 0)
            return new RecordsAnswer([], 0, true, "end");

        using var matcher = new RecordMatcher(query.Filter);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(MostTime);
        var run = new Run();
        try
        {
            await ReadAsync(topic.Name, parts, query, matcher, run, bounded.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            run.Ended = "time";
        }

        return Page(parts, query, run);
    }

    /// <summary>The record at an offset; null when the log does not hold it.</summary>
    public async Task<RecordAnswer?> ReadOneAsync(TopicPartition partition, long offset, CancellationToken cancellationToken)
    {
        var topic = await PartitionChoice.RequireAsync(log, partition.Topic, partition.Partition, cancellationToken);
        var there = topic.Partitions.First(p => p.Partition == partition.Partition);
        if (offset < there.Earliest.Value || offset >= there.Next.Value)
            return null;

        var page = await FindAsync(
            topic,
            new RecordQuery
            {
                Partition = partition.Partition,
                From = PositionTarget.Parse(
                offset.ToString(System.Globalization.CultureInfo.InvariantCulture)),
                Limit = 1,
                Scan = 1
            },
            cancellationToken);
        return page.Records.FirstOrDefault(r => r.Offset == offset);
    }

    private async Task<long> StartAsync(
        string topic, PartitionDescription partition, RecordQuery query, int partitions, CancellationToken cancellationToken)
    {
        if (query.From is { } from)
            return (await from.ResolveAsync(log, topic, partition, partition.Next, cancellationToken)).Value;

        var window = query.Filter.IsEmpty ? query.Limit : Math.Max(1, query.Scan / partitions);
        return Math.Max(partition.Earliest.Value, partition.Next.Value - window);
    }

    private async Task ReadAsync(
        string topic, List<Part> parts, RecordQuery query, RecordMatcher matcher, Run run, CancellationToken cancellationToken)
    {
        var heard = time.GetTimestamp();
        await using var consumer = log.CreateConsumer(new ConsumerOptions
        {
            Assignment = [.. parts.Select(p => new RecordPosition(new TopicPartition(topic, p.Partition), new LogOffset(p.Start)))],
            MaxPollRecords = (int)Math.Min(2048, Math.Max(query.Limit, (long)query.Scan)),
        });
        while (parts.Exists(p => !p.IsDone))
        {
            using var fetched = await consumer.PollAsync(PollTimeout, cancellationToken);
            if (fetched is not null)
            {
                heard = time.GetTimestamp();
                Take(parts, fetched, query, matcher, run, consumer, cancellationToken);
            }

            if (time.GetElapsedTime(heard) >= IdleTimeout)
                return;

            if ((run.Scanned >= query.Scan || run.Bytes >= MostBytes) && parts.Exists(p => !p.IsDone))
            {
                run.Ended = "scan";
                return;
            }
        }
    }

    private static void Take(
        List<Part> parts, FetchedRecords fetched, RecordQuery query, RecordMatcher matcher, Run run, ILogConsumer consumer,
        CancellationToken cancellationToken)
    {
        if (parts.Find(p => p.Partition == fetched.Partition.Partition) is not { IsDone: false } part)
            return;

        foreach (var index in matcher.Matches(fetched, part.End, cancellationToken))
            part.Add(RecordMatcher.Answer(fetched, index), query.Limit, keepLast: query.From is null);

        run.Scanned += fetched.Records.Length;
        run.Bytes += fetched.Bytes;
        part.IsFull = query.From is not null && part.Found.Count >= query.Limit;
        part.IsDone = part.IsFull || fetched.Next.Value >= part.End;
        if (part.IsDone)
            consumer.Pause([fetched.Partition]);
    }

    private static RecordsAnswer Page(List<Part> parts, RecordQuery query, Run run)
    {
        var found = parts.SelectMany(p => p.Found);
        var ordered = query.From is null
            ? found.OrderByDescending(r => r.Timestamp).ThenByDescending(r => r.Offset)
            : found.OrderBy(r => r.Timestamp).ThenBy(r => r.Partition).ThenBy(r => r.Offset);
        var records = ordered.Take(query.Limit).ToList();
        var limited = parts.Sum(p => p.Found.Count) > query.Limit || parts.Exists(p => p.IsFull || p.HasDropped);
        var ended = run.Ended ?? (limited ? "limit" : !parts.Exists(p => p.IsCut) ? "end" : query.Filter.IsEmpty ? "limit" : "scan");
        return new RecordsAnswer(records, run.Scanned, ended == "end", ended);
    }

    private sealed class Run
    {
        public long Scanned { get; set; }

        public long Bytes { get; set; }

        public string? Ended { get; set; }
    }

    private sealed class Part(int partition, long start, long end, bool isCut)
    {
        public int Partition => partition;

        public long Start => start;

        public long End => end;

        /// <summary>True when records before the start were left out.</summary>
        public bool IsCut => isCut;

        public Queue<RecordAnswer> Found { get; } = [];

        public bool IsFull { get; set; }

        public bool IsDone { get; set; }

        public bool HasDropped { get; private set; }

        public void Add(RecordAnswer record, int limit, bool keepLast)
        {
            if (Found.Count >= limit)
            {
                HasDropped = true;
                if (!keepLast)
                    return;

                Found.Dequeue();
            }

            Found.Enqueue(record);
        }
    }
}
