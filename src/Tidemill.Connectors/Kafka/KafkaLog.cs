using System.Collections.Concurrent;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tidemill.Connectors.Kafka.Administration;
using Tidemill.Connectors.Kafka.Consuming;
using Tidemill.Connectors.Kafka.Native;
using Tidemill.Connectors.Kafka.Producing;
using Tidemill.Connectors.Kafka.Transactions;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Telemetry;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;
using TopicDescription = Tidemill.Core.Logs.TopicDescription;
using TopicPartition = Tidemill.Core.Logs.TopicPartition;

namespace Tidemill.Connectors.Kafka;

/// <summary>
/// A Kafka cluster as a log. Opening does not wait for brokers: the first call that needs one does, for a bounded time,
/// and fails with Unavailable or AccessDenied.
/// </summary>
public sealed class KafkaLog : ILog
{
    private const int TransactionBatchBytes = 1_000_000;

    private static readonly TimeSpan LimitsAge = TimeSpan.FromSeconds(10);

    private readonly KafkaProperties _properties;
    private readonly TimeProvider _time;
    private readonly BrokerCalls _calls;
    private readonly TopicAdministration _topics;
    private readonly GroupAdministration _groups;
    private readonly CheckpointTopic _checkpoints;
    private readonly ConcurrentDictionary<string, (TopicLimits Limits, long At)> _limits = new(StringComparer.Ordinal);

    private KafkaLog(LogConnection connection, KafkaProperties properties, TimeProvider time)
    {
        this._properties = properties;
        this._time = time;
        Description = $"Kafka at {string.Join(", ", connection.BootstrapServers)}";
        _calls = new BrokerCalls(properties.Admin(), Description, time);
        _topics = new TopicAdministration(_calls, connection.ReplicationFactor, time);
        _groups = new GroupAdministration(_calls, _topics);
        _checkpoints = new CheckpointTopic(this, time);
    }

    public string Description { get; }

    /// <summary>Opens the connection's log. Files that the connection names are relative to <paramref name="folder"/>.</summary>
    /// <exception cref="TidemillException">
    /// NativeLibraryMissing; ConfigurationInvalid for an option that librdkafka refuses or a file that is not there.
    /// </exception>
    public static Task<KafkaLog> OpenAsync(LogConnection connection, string folder, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return Task.Run(() =>
        {
            KafkaLibrary.Load();
            var properties = new KafkaProperties(connection, folder);
            ClientConfiguration.Check(properties.Consumer("check"));
            ClientConfiguration.Check(properties.Producer(Acknowledgement.Durable, 1_000_000));
            try
            {
                return new KafkaLog(connection, properties, time);
            }
            catch (Exception error) when (error is InvalidOperationException or ArgumentException)
            {
                // librdkafka's text names properties and files, such as a key that does not belong to its certificate.
                throw new TidemillException(
                    ErrorCode.ConfigurationInvalid,
                    $"librdkafka refuses the connection to {string.Join(", ", connection.BootstrapServers)}: {error.Message}", error);
            }
        }, cancellationToken);
    }

    public Task<TopicDescription> CreateTopicAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        TopicName.Check(spec.Name);
        return _topics.CreateAsync(spec, cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListTopicsAsync(CancellationToken cancellationToken) => _topics.ListAsync(cancellationToken);

    public Task<TopicDescription?> DescribeTopicAsync(string topic, CancellationToken cancellationToken) =>
        TopicName.IsValid(topic) ? _topics.DescribeAsync(topic, cancellationToken) : Task.FromResult<TopicDescription?>(null);

    public async Task<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(
        IReadOnlyCollection<string> topics, CancellationToken cancellationToken) =>
        await this._topics.DescribeAsync([.. topics.Where(TopicName.IsValid)], cancellationToken);

    public async Task DeleteTopicAsync(string topic, CancellationToken cancellationToken)
    {
        await _topics.DeleteAsync(topic, cancellationToken);
        _limits.TryRemove(topic, out _);
    }

    public async Task<LogOffset> FindOffsetAsync(TopicPartition partition, DateTimeOffset timestamp, CancellationToken cancellationToken)
    {
        var spec = OffsetSpec.ForTimestamp(Math.Max(0, timestamp.ToUnixTimeMilliseconds()));
        var found = (await _topics.OffsetsAsync([partition], spec, cancellationToken))[partition];
        return found.Value >= 0 ? found : await FindEdgeAsync(partition, StartPosition.Latest, cancellationToken);
    }

    public Task<IReadOnlyList<GroupListing>> ListGroupsAsync(CancellationToken cancellationToken) => _groups.ListAsync(cancellationToken);

    public Task<GroupDescription?> DescribeGroupAsync(string group, CancellationToken cancellationToken) =>
        _groups.DescribeAsync(group, cancellationToken);

    public Task SetGroupPositionsAsync(string group, IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken) =>
        _groups.SetPositionsAsync(group, positions, cancellationToken);

    public ILogProducer CreateProducer(ProducerOptions options) =>
        new MeasuredProducer(new KafkaProducer(this, options, _time));

    public ICheckpointedProducer CreateCheckpointedProducer(ProducerOwner owner) =>
        new KafkaCheckpointedProducer(this, _checkpoints, owner, _time);

    public ILogConsumer CreateConsumer(ConsumerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.MaxPollRecords < 1 || options.MaxPollBytes < 1 || (options.Group is not null && options.Listener is null))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                "A consumer takes at least one record and one byte a poll, and with a group it needs a listener.");
        }

        return new KafkaConsumer(this, _properties.Consumer(KafkaConsumer.GroupOf(options)), options, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _checkpoints.DisposeAsync();
        await _calls.DisposeAsync();
    }

    /// <summary>The first offset held, or the next to be given.</summary>
    internal async Task<LogOffset> FindEdgeAsync(TopicPartition partition, StartPosition edge, CancellationToken cancellationToken) =>
        (await _topics.OffsetsAsync(
            [partition], edge == StartPosition.Earliest ? OffsetSpec.Earliest() : OffsetSpec.Latest(), cancellationToken))[partition];

    internal async Task RequireTopicAsync(string topic, CancellationToken cancellationToken)
    {
        if (await _topics.LimitsAsync(topic, cancellationToken) is null) throw NoTopic(topic);
    }

    /// <summary>Unavailable or AccessDenied when no broker answers.</summary>
    internal Task CheckReachableAsync(CancellationToken cancellationToken) => _calls.CallAsync(
        "look for brokers",
        client => client.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = BrokerCalls.RequestTimeout }),
        cancellationToken);

    /// <summary>What the topic takes, at most some seconds old; NotFound when there is no such topic.</summary>
    internal async ValueTask<TopicLimits> LimitsOfAsync(string topic, CancellationToken cancellationToken)
    {
        if (_limits.TryGetValue(topic, out var known) && _time.GetElapsedTime(known.At) < LimitsAge) return known.Limits;
        var found = (TopicName.IsValid(topic) ? await _topics.LimitsAsync(topic, cancellationToken) : null) ?? throw NoTopic(topic);
        _limits[topic] = (found, _time.GetTimestamp());
        return found;
    }

    internal IProducer<byte[]?, byte[]?> BuildProducer(Acknowledgement acknowledgement, int batchBytes) =>
        new ProducerBuilder<byte[]?, byte[]?>(_properties.Producer(acknowledgement, batchBytes))
            .SetErrorHandler((_, _) => { })
            .SetLogHandler((_, _) => { })
            .Build();

    /// <summary>Reads positions without a group, and only committed records, whatever the connection's options say.</summary>
    internal ILogConsumer CreateCommittedReader(IReadOnlyList<RecordPosition> positions)
    {
        var options = new ConsumerOptions { Assignment = positions };
        var committed = _properties.Consumer(KafkaConsumer.GroupOf(options));
        committed["isolation.level"] = "read_committed";
        return new KafkaConsumer(this, committed, options, _time);
    }

    /// <summary>The next offset of every partition, records of unfinished transactions included.</summary>
    internal Task<IReadOnlyDictionary<TopicPartition, LogOffset>> FindEndsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken) =>
        _topics.OffsetsAsync(partitions, OffsetSpec.Latest(), cancellationToken, IsolationLevel.ReadUncommitted);

    internal IProducer<byte[]?, byte[]?> BuildTransactional(string id) =>
        new ProducerBuilder<byte[]?, byte[]?>(_properties.Transactional(id, TransactionBatchBytes))
            .SetErrorHandler((_, _) => { })
            .SetLogHandler((_, _) => { })
            .Build();

    /// <summary>The failure of a request that went through a client of its own.</summary>
    internal TidemillException Explain(string action, KafkaException error) => _calls.Explain(action, error);

    private TidemillException NoTopic(string topic) => new(ErrorCode.NotFound, $"There is no topic {topic} at {Description}.");
}
