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
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    /// <summary>How often a consumer to which nothing comes asks whether its topics and brokers are still there.</summary>
    private static readonly TimeSpan IdleCheckInterval = TimeSpan.FromSeconds(2);

    private readonly KafkaLog _log;
    private readonly ConsumerOptions _options;
    private readonly TimeProvider _time;
    private readonly ConsumerClient _client;
    private readonly MessageBuffer _buffer;
    private readonly nint[] _taken;
    private readonly HashSet<TopicPartition> _paused = [];
    private volatile IReadOnlyCollection<TopicPartition> _assignment = [];
    private Rebalance? _pending;
    private Task _idleCheck = Task.CompletedTask;
    private long _idleCheckedAt;
    private bool _disposed;

    public KafkaConsumer(KafkaLog log, IReadOnlyDictionary<string, string> properties, ConsumerOptions options, TimeProvider time)
    {
        this._log = log;
        this._options = options;
        this._time = time;
        _idleCheckedAt = time.GetTimestamp();
        _client = new ConsumerClient(properties);
        _buffer = new MessageBuffer(_client);
        _taken = new nint[Math.Min(options.MaxPollRecords, 16_384)];
        try
        {
            if (options.Group is not null)
            {
                _client.Subscribe(options.Topics);
                return;
            }

            _client.AssignOnly(options.Assignment);
            foreach (var position in options.Assignment) _buffer.Start(position);
            _assignment = [.. options.Assignment.Select(p => p.Partition)];
        }
        catch
        {
            _client.Release();
            throw;
        }
    }

    public IReadOnlyCollection<TopicPartition> Assignment => _assignment;

    public static string GroupOf(ConsumerOptions options) => options.Group ?? NoGroup;

    public async ValueTask<FetchedRecords?> PollAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Check(!_disposed, "The consumer is closed");
            if (TakeBuffered() is { } held) return held;
            _buffer.Add(_taken.AsSpan(0, _client.Consume(_taken)));
            await RebalanceAsync(cancellationToken);
            if (TakeBuffered() is { } records) return records;
            await RaiseAsync(cancellationToken);
            var left = maxWait - _time.GetElapsedTime(started);
            CheckWhenIdle(cancellationToken);
            if (left <= TimeSpan.Zero) return null;
            await _client.Signal.WaitAsync(left, _time, cancellationToken);
        }
    }

    public void Pause(IReadOnlyCollection<TopicPartition> partitions)
    {
        CheckAssigned(partitions);
        _client.Pause(partitions);
        _paused.UnionWith(partitions);
    }

    public void Resume(IReadOnlyCollection<TopicPartition> partitions)
    {
        CheckAssigned(partitions);
        _paused.ExceptWith(partitions);
        _client.Resume(partitions);
    }

    public void Seek(RecordPosition position)
    {
        CheckAssigned([position.Partition]);
        _client.Seek(position);
        _buffer.Start(position);
    }

    public ValueTask CommitAsync(IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken)
    {
        var own = _assignment;
        RecordPosition[] mine = [.. positions.Where(p => own.Contains(p.Partition))];
        if (_options.Group is not null && mine.Length > 0) _client.Commit(mine);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        _disposed = true;
        if (_pending is { } unanswered) _client.Rebalances.Enqueue(unanswered);
        _buffer.DropAll();
        await _client.CloseAsync(CloseTimeout, _time);
    }

    private KafkaRecords? TakeBuffered()
    {
        var records = _buffer.Take(p => !_paused.Contains(p), _options.MaxPollRecords, _options.MaxPollBytes);
        if (records is not null) _idleCheckedAt = _time.GetTimestamp();
        return records;
    }

    // librdkafka asks again and again for a topic that was deleted, and for brokers that are away, without a word.
    private void CheckWhenIdle(CancellationToken cancellationToken)
    {
        if (!_idleCheck.IsCompleted || _time.GetElapsedTime(_idleCheckedAt) < IdleCheckInterval) return;
        _idleCheckedAt = _time.GetTimestamp();
        _idleCheck = CheckTopicsAsync(cancellationToken).AsTask();
    }

    /// <summary>A rebalance whose listener failed is told again at the next poll.</summary>
    private async ValueTask RebalanceAsync(CancellationToken cancellationToken)
    {
        while (_pending is not null || _client.Rebalances.TryDequeue(out _pending))
        {
            if (_pending.Assigned)
                await AssignAsync(_pending.Partitions, cancellationToken);
            else
                await RevokeAsync(_pending, cancellationToken);

            _pending = null;
        }
    }

    private async ValueTask AssignAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var positions = partitions.Count == 0
            ? new Dictionary<TopicPartition, LogOffset>()
            : await _options.Listener!.AssignedAsync(partitions, cancellationToken);
        var starts = new List<RecordPosition>();
        foreach (var partition in partitions)
        {
            var at = positions.TryGetValue(partition, out var offset)
                ? offset
                : await _log.FindEdgeAsync(partition, _options.Start, cancellationToken);
            starts.Add(new RecordPosition(partition, at));
        }

        _client.Assign(starts);
        starts.ForEach(_buffer.Start);
        _assignment = [.. _assignment.Union(partitions)];
    }

    private async ValueTask RevokeAsync(Rebalance rebalance, CancellationToken cancellationToken)
    {
        TopicPartition[] owned = [.. rebalance.Partitions.Intersect(_assignment)];
        if (owned.Length > 0) await _options.Listener!.RevokedAsync(owned, rebalance.Lost, cancellationToken);
        foreach (var partition in rebalance.Partitions) _buffer.Drop(partition);
        _paused.ExceptWith(rebalance.Partitions);
        _assignment = [.. _assignment.Except(rebalance.Partitions)];
        _client.Unassign(rebalance.Partitions);
    }

    /// <summary>Throws for what librdkafka cannot mend by itself; it retries the rest.</summary>
    private async ValueTask RaiseAsync(CancellationToken cancellationToken)
    {
        if (_idleCheck.IsFaulted) await Interlocked.Exchange(ref _idleCheck, Task.CompletedTask);
        while (_buffer.Errors.TryDequeue(out var error))
        {
            var partition = error.Position.Partition;
            if (KafkaErrors.Code(error.Code) == Core.Errors.ErrorCode.OffsetOutOfRange)
                await RaiseOutOfRangeAsync(error.Position, cancellationToken);

            if (error.Code is KafkaCode.UnknownTopicOrPart
                or KafkaCode.Local_UnknownTopic or KafkaCode.UnknownTopicId or KafkaCode.Local_UnknownPartition)
            {
                await CheckTopicsAsync(cancellationToken);
            }
            else if (KafkaErrors.Code(error.Code) is not Core.Errors.ErrorCode.Unavailable)
            {
                throw KafkaErrors.From(partition.Topic is null ? "read" : $"read {partition}", error.Code, error.Reason);
            }
        }

        while (_client.Errors.TryDequeue(out var error))
        {
            if (KafkaErrors.Code(error.Code) == Core.Errors.ErrorCode.AccessDenied)
                throw KafkaErrors.From($"connect to {_log.Description}", error.Code, error.Reason);
            if (error.Code == KafkaCode.Local_AllBrokersDown) await _log.CheckReachableAsync(cancellationToken);
        }
    }

    private async ValueTask RaiseOutOfRangeAsync(RecordPosition position, CancellationToken cancellationToken)
    {
        var earliest = await _log.FindEdgeAsync(position.Partition, StartPosition.Earliest, cancellationToken);
        var next = await _log.FindEdgeAsync(position.Partition, StartPosition.Latest, cancellationToken);
        throw new TidemillException(
            Core.Errors.ErrorCode.OffsetOutOfRange,
            $"{position.Partition}: offset {position.Offset} was to be read, but the log holds {earliest} to {next}.");
    }

    private async ValueTask CheckTopicsAsync(CancellationToken cancellationToken)
    {
        foreach (string topic in _options.Topics.Concat(_options.Assignment.Select(p => p.Partition.Topic))
            .Distinct(StringComparer.Ordinal))
        {
            await _log.RequireTopicAsync(topic, cancellationToken);
        }
    }

    private void CheckAssigned(IReadOnlyCollection<TopicPartition> partitions)
    {
        foreach (var partition in partitions) Check(_assignment.Contains(partition), $"{partition} is not assigned to this consumer");
    }

    private static void Check(bool holds, string problem)
    {
        if (!holds) throw new TidemillException(Core.Errors.ErrorCode.InvalidRequest, $"{problem}.");
    }
}
