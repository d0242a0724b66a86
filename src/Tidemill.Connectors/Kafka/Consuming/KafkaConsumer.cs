using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using KafkaCode = Confluent.Kafka.ErrorCode;

namespace Tidemill.Connectors.Kafka.Consuming;

/// <summary>
/// Reads partitions by librdkafka, which fetches ahead on its own threads. A rebalance is answered only after the
/// listener has returned, so the group waits while a stream drains.
/// </summary>
internal sealed class KafkaConsumer : ILogConsumer
{
    /// <summary>Group id of consumers without a group: librdkafka wants one, and never joins it.</summary>
    private const string NoGroup = "tidemill.reader";

    /// <summary>
    /// Leaving takes some 30 ms, except while the group waits for another member to join again: the request to leave stands
    /// behind the one to join, which brokers answer only then.
    /// </summary>
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    /// <summary>How often a consumer to which nothing comes asks whether its topics and brokers are still there.</summary>
    private static readonly TimeSpan IdleCheckInterval = TimeSpan.FromSeconds(2);

    private readonly KafkaLog log;
    private readonly ConsumerOptions options;
    private readonly TimeProvider time;
    private readonly ConsumerClient client;
    private readonly MessageBuffer buffer;
    private readonly nint[] taken;
    private readonly HashSet<TopicPartition> paused = [];
    private volatile IReadOnlyCollection<TopicPartition> assignment = [];
    private Rebalance? pending;
    private Task idleCheck = Task.CompletedTask;
    private long idleCheckedAt;
    private bool disposed;

    public KafkaConsumer(KafkaLog log, IReadOnlyDictionary<string, string> properties, ConsumerOptions options, TimeProvider time)
    {
        this.log = log;
        this.options = options;
        this.time = time;
        idleCheckedAt = time.GetTimestamp();
        client = new ConsumerClient(properties);
        buffer = new MessageBuffer(client);
        taken = new nint[Math.Min(options.MaxPollRecords, 16_384)];
        try
        {
            if (options.Group is not null)
            {
                client.Subscribe(options.Topics);
                return;
            }

            client.AssignOnly(options.Assignment);
            foreach (var position in options.Assignment) buffer.Start(position);
            assignment = [.. options.Assignment.Select(p => p.Partition)];
        }
        catch
        {
            client.Release();
            throw;
        }
    }

    public IReadOnlyCollection<TopicPartition> Assignment => assignment;

    public static string GroupOf(ConsumerOptions options) => options.Group ?? NoGroup;

    public async ValueTask<FetchedRecords?> PollAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Check(!disposed, "The consumer is closed");
            if (TakeBuffered() is { } held) return held;
            buffer.Add(taken.AsSpan(0, client.Consume(taken)));
            await RebalanceAsync(cancellationToken).ConfigureAwait(false);
            if (TakeBuffered() is { } records) return records;
            await RaiseAsync(cancellationToken).ConfigureAwait(false);
            var left = maxWait - time.GetElapsedTime(started);
            CheckWhenIdle(cancellationToken);
            if (left <= TimeSpan.Zero) return null;
            await client.Signal.WaitAsync(left, time, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Pause(IReadOnlyCollection<TopicPartition> partitions)
    {
        CheckAssigned(partitions);
        client.Pause(partitions);
        paused.UnionWith(partitions);
    }

    public void Resume(IReadOnlyCollection<TopicPartition> partitions)
    {
        CheckAssigned(partitions);
        paused.ExceptWith(partitions);
        client.Resume(partitions);
    }

    public void Seek(RecordPosition position)
    {
        CheckAssigned([position.Partition]);
        client.Seek(position);
        buffer.Start(position);
    }

    public ValueTask CommitAsync(IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken)
    {
        var own = assignment;
        RecordPosition[] mine = [.. positions.Where(p => own.Contains(p.Partition))];
        if (options.Group is not null && mine.Length > 0) client.Commit(mine);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (disposed) return;
        disposed = true;
        if (pending is { } unanswered) client.Rebalances.Enqueue(unanswered);
        buffer.DropAll();
        await client.CloseAsync(ClosePatience, time).ConfigureAwait(false);
    }

    private KafkaRecords? TakeBuffered()
    {
        var records = buffer.Take(p => !paused.Contains(p), options.MaxPollRecords, options.MaxPollBytes);
        if (records is not null) idleCheckedAt = time.GetTimestamp();
        return records;
    }

    // librdkafka asks again and again for a topic that was deleted, and for brokers that are away, without a word.
    private void CheckWhenIdle(CancellationToken cancellationToken)
    {
        if (!idleCheck.IsCompleted || time.GetElapsedTime(idleCheckedAt) < IdleCheckInterval) return;
        idleCheckedAt = time.GetTimestamp();
        idleCheck = CheckTopicsAsync(cancellationToken).AsTask();
    }

    /// <summary>A rebalance whose listener failed is told again at the next poll.</summary>
    private async ValueTask RebalanceAsync(CancellationToken cancellationToken)
    {
        while (pending is not null || client.Rebalances.TryDequeue(out pending))
        {
            if (pending.Assigned)
            {
                await AssignAsync(pending.Partitions, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await RevokeAsync(pending, cancellationToken).ConfigureAwait(false);
            }

            pending = null;
        }
    }

    private async ValueTask AssignAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var positions = partitions.Count == 0
            ? new Dictionary<TopicPartition, LogOffset>()
            : await options.Listener!.AssignedAsync(partitions, cancellationToken).ConfigureAwait(false);
        var starts = new List<RecordPosition>();
        foreach (var partition in partitions)
        {
            var at = positions.TryGetValue(partition, out var offset)
                ? offset
                : await log.FindEdgeAsync(partition, options.Start, cancellationToken).ConfigureAwait(false);
            starts.Add(new RecordPosition(partition, at));
        }

        client.Assign(starts);
        starts.ForEach(buffer.Start);
        assignment = [.. assignment.Union(partitions)];
    }

    private async ValueTask RevokeAsync(Rebalance rebalance, CancellationToken cancellationToken)
    {
        TopicPartition[] owned = [.. rebalance.Partitions.Intersect(assignment)];
        if (owned.Length > 0) await options.Listener!.RevokedAsync(owned, rebalance.Lost, cancellationToken).ConfigureAwait(false);
        foreach (var partition in rebalance.Partitions) buffer.Drop(partition);
        paused.ExceptWith(rebalance.Partitions);
        assignment = [.. assignment.Except(rebalance.Partitions)];
        client.Unassign(rebalance.Partitions);
    }

    /// <summary>Throws for what librdkafka cannot mend by itself; it retries the rest.</summary>
    private async ValueTask RaiseAsync(CancellationToken cancellationToken)
    {
        if (idleCheck.IsFaulted) await Interlocked.Exchange(ref idleCheck, Task.CompletedTask).ConfigureAwait(false);
        while (buffer.Errors.TryDequeue(out var error))
        {
            var partition = error.Position.Partition;
            if (KafkaErrors.Code(error.Code) == Core.Errors.ErrorCode.OffsetOutOfRange)
            {
                await RaiseOutOfRangeAsync(error.Position, cancellationToken).ConfigureAwait(false);
            }

            if (error.Code is KafkaCode.UnknownTopicOrPart or KafkaCode.Local_UnknownTopic or KafkaCode.UnknownTopicId or KafkaCode.Local_UnknownPartition)
            {
                await CheckTopicsAsync(cancellationToken).ConfigureAwait(false);
            }
            else if (KafkaErrors.Code(error.Code) is not Core.Errors.ErrorCode.Unavailable)
            {
                throw KafkaErrors.From(partition.Topic is null ? "read" : $"read {partition}", error.Code, error.Reason);
            }
        }

        while (client.Errors.TryDequeue(out var error))
        {
            if (KafkaErrors.Code(error.Code) == Core.Errors.ErrorCode.AccessDenied) throw KafkaErrors.From($"connect to {log.Description}", error.Code, error.Reason);
            if (error.Code == KafkaCode.Local_AllBrokersDown) await log.CheckReachableAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask RaiseOutOfRangeAsync(RecordPosition position, CancellationToken cancellationToken)
    {
        var earliest = await log.FindEdgeAsync(position.Partition, StartPosition.Earliest, cancellationToken).ConfigureAwait(false);
        var next = await log.FindEdgeAsync(position.Partition, StartPosition.Latest, cancellationToken).ConfigureAwait(false);
        throw new TidemillException(
            Core.Errors.ErrorCode.OffsetOutOfRange,
            $"{position.Partition}: offset {position.Offset} was to be read, but the log holds {earliest} to {next}.");
    }

    private async ValueTask CheckTopicsAsync(CancellationToken cancellationToken)
    {
        foreach (string topic in options.Topics.Concat(options.Assignment.Select(p => p.Partition.Topic)).Distinct(StringComparer.Ordinal))
        {
            await log.RequireTopicAsync(topic, cancellationToken).ConfigureAwait(false);
        }
    }

    private void CheckAssigned(IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (var partition in partitions) Check(assignment.Contains(partition), $"{partition} is not assigned to this consumer");
    }

    private static void Check(bool holds, string problem)
    {
        if (!holds) throw new TidemillException(Core.Errors.ErrorCode.InvalidRequest, $"{problem}.");
    }
}
