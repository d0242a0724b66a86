namespace Tidemill.Core.Logs;

/// <summary>
/// Topics of records. The embedded log and Kafka implement it alike; one contract suite runs against both.
/// All errors are <see cref="Errors.TidemillException"/>.
/// </summary>
public interface ILog : IAsyncDisposable
{
    /// <summary>Where records live, for messages: <c>embedded log in .tidemill/log</c>, <c>Kafka at host:port</c>.</summary>
    string Description { get; }

    /// <summary>
    /// Creates the topic, or returns the existing one when its partition count matches;
    /// SchemaConflict otherwise. Durable on return.
    /// </summary>
    Task<TopicDescription> CreateTopicAsync(TopicSpec spec, CancellationToken cancellationToken);

    Task<IReadOnlyList<string>> ListTopicsAsync(CancellationToken cancellationToken);

    /// <summary>The topic as it stands, or null when there is none.</summary>
    Task<TopicDescription?> DescribeTopicAsync(string topic, CancellationToken cancellationToken);

    /// <summary>Those of the topics that there are, in the given order; a cluster is asked about all of them at once.</summary>
    async Task<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(IReadOnlyCollection<string> topics, CancellationToken cancellationToken)
    {
        var found = new List<TopicDescription>();
        foreach (var topic in topics)
        {
            if (await DescribeTopicAsync(topic, cancellationToken) is { } description)
                found.Add(description);
        }

        return found;
    }

    /// <summary>Deletes the topic and its records; NotFound when there is none.</summary>
    Task DeleteTopicAsync(string topic, CancellationToken cancellationToken);

    /// <summary>First offset whose record timestamp is at or after <paramref name="timestamp"/>; the next offset when none is.</summary>
    Task<LogOffset> FindOffsetAsync(TopicPartition partition, DateTimeOffset timestamp, CancellationToken cancellationToken);

    /// <summary>Consumer groups that have members or committed positions, by name.</summary>
    Task<IReadOnlyList<GroupListing>> ListGroupsAsync(CancellationToken cancellationToken);

    /// <summary>The group as it stands, or null when it has neither members nor committed positions.</summary>
    Task<GroupDescription?> DescribeGroupAsync(string group, CancellationToken cancellationToken);

    /// <summary>
    /// Sets the committed positions of a group without members; other partitions keep theirs. All are set or none:
    /// InvalidRequest while the group has members, NotFound for an unknown partition, OffsetOutOfRange for an offset that
    /// the log does not hold. Streams go on from their sinks' checkpoints whatever is set here.
    /// </summary>
    Task SetGroupPositionsAsync(string group, IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken);

    ILogProducer CreateProducer(ProducerOptions options);

    /// <summary>A producer whose records and the owner's positions in another topic are appended as one.</summary>
    ICheckpointedProducer CreateCheckpointedProducer(ProducerOwner owner);

    ILogConsumer CreateConsumer(ConsumerOptions options);
}

/// <summary>Appends records.</summary>
public interface ILogProducer : IAsyncDisposable
{
    /// <summary>
    /// Appends the records, each partition's in the given order, and returns their positions in the given order.
    /// Completes when the acknowledgement policy is met (by default: durable). On an exception none, some or all of the
    /// records may have been appended, and none is acknowledged. RecordTooLarge and NotFound refuse all before any is appended.
    /// </summary>
    ValueTask<IReadOnlyList<RecordPosition>> ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken);
}

/// <summary>Reads records, alone or as one member of a group. Used by one caller at a time.</summary>
public interface ILogConsumer : IAsyncDisposable
{
    IReadOnlyCollection<TopicPartition> Assignment { get; }

    /// <summary>
    /// The next run of records of one assigned partition, or null when none came within <paramref name="maxWait"/>.
    /// Records appended but not yet acknowledged are never returned. Partitions take turns. The caller disposes the result.
    /// Rebalance callbacks run inside this call.
    /// </summary>
    ValueTask<FetchedRecords?> PollAsync(TimeSpan maxWait, CancellationToken cancellationToken);

    /// <summary>Stops returning records of these partitions; membership goes on.</summary>
    void Pause(IReadOnlyCollection<TopicPartition> partitions);

    void Resume(IReadOnlyCollection<TopicPartition> partitions);

    /// <summary>Goes on reading at <paramref name="position"/>.</summary>
    void Seek(RecordPosition position);

    /// <summary>
    /// Notes where the group's next member would go on, so that other tools see its lag: informative, reading never starts
    /// from it. Partitions not assigned to this consumer are left out; without a group it does nothing. May be called
    /// beside the other methods.
    /// </summary>
    ValueTask CommitAsync(IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken);
}

/// <summary>Told when partitions come and go; positions come from the sink's checkpoint, never from the log.</summary>
public interface IRebalanceListener
{
    /// <summary>Partitions were assigned. Returns where to read each; a partition left out starts at
    /// <see cref="ConsumerOptions.Start"/>.</summary>
    ValueTask<IReadOnlyDictionary<TopicPartition, LogOffset>> AssignedAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>
    /// Partitions leave. Work in flight must be committed or given up before this returns;
    /// when <paramref name="lost"/>, they already belong to another member and must be given up.
    /// </summary>
    ValueTask RevokedAsync(IReadOnlyCollection<TopicPartition> partitions, bool lost, CancellationToken cancellationToken);
}

/// <summary>Where a partition without a position is read from.</summary>
public enum StartPosition
{
    Earliest,
    Latest,
}

public sealed record ProducerOptions
{
    /// <summary>Default: durable when acknowledged.</summary>
    public Acknowledgement Acknowledgement { get; init; } = Acknowledgement.Durable;
}

/// <summary>When an append counts as done.</summary>
public enum Acknowledgement
{
    /// <summary>On disk (fsync; all in-sync replicas on Kafka).</summary>
    Durable,

    /// <summary>Handed to the operating system (leader only on Kafka): survives a killed process, not a power cut.</summary>
    Written,
}

public sealed record ConsumerOptions
{
    /// <summary>The group whose members share the topics' partitions. Null: no group, <see cref="Assignment"/> is read as given.</summary>
    public string? Group { get; init; }

    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Positions to read without a group.</summary>
    public IReadOnlyList<RecordPosition> Assignment { get; init; } = [];

    /// <summary>Needed with a group.</summary>
    public IRebalanceListener? Listener { get; init; }

    public StartPosition Start { get; init; } = StartPosition.Earliest;

    /// <summary>Most records in one poll. Default 16,384.</summary>
    public int MaxPollRecords { get; init; } = 16_384;

    /// <summary>Most bytes in one poll; one larger record is still returned alone. Default 4 MiB.</summary>
    public int MaxPollBytes { get; init; } = 4 << 20;
}
