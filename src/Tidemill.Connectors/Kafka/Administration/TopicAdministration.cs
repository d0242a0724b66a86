using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tidemill.Connectors.Kafka.Producing;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;
using KafkaCode = Confluent.Kafka.ErrorCode;
using TopicDescription = Tidemill.Core.Logs.TopicDescription;
using TopicPartition = Tidemill.Core.Logs.TopicPartition;

namespace Tidemill.Connectors.Kafka.Administration;

/// <summary>Topics and the offsets they hold, asked of the brokers each time.</summary>
internal sealed class TopicAdministration(BrokerCalls calls, int? replicationFactor, TimeProvider time)
{
    private const string RetentionMs = "retention.ms";
    private const string RetentionBytes = "retention.bytes";
    private const string MaxMessageBytes = "max.message.bytes";

    /// <summary>The request blocks a thread until its time is over.</summary>
    private static readonly TimeSpan ListTimeout = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan SettlingInterval = TimeSpan.FromMilliseconds(20);

    public async Task<TopicDescription> CreateAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        if (await DescribeAsync(spec.Name, cancellationToken) is { } existing) return Matching(spec, existing);
        await calls.CallAsync($"create topic {spec.Name}", async client =>
        {
            try
            {
                await client.CreateTopicsAsync(
                    [Specification(spec)],
                    new CreateTopicsOptions { RequestTimeout = BrokerCalls.RequestTimeout, OperationTimeout = BrokerCalls.RequestTimeout });
            }
            catch (CreateTopicsException error)
            {
                // Another process may have created it in between.
                if (error.Results[0].Error is { Code: not KafkaCode.TopicAlreadyExists } refused) throw new KafkaException(refused);
            }

            return true;
        }, cancellationToken);
        return Matching(spec, await SettledAsync(spec.Name, t => t is not null, cancellationToken)
            ?? throw new TidemillException(ErrorCode.Unavailable, $"Topic {spec.Name} was created, but the brokers do not show it yet."));
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        var metadata = await calls.CallAsync("list topics", client => Task.Run(() => client.GetMetadata(ListTimeout)), cancellationToken);
        return [.. metadata.Topics.Select(t => t.Topic)
            .Where(t => !t.StartsWith("__", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>The topic as it stands, or null when there is none; Unavailable while a partition has no leader.</summary>
    public async Task<TopicDescription?> DescribeAsync(string topic, CancellationToken cancellationToken) =>
        await DescribeAsync([topic], cancellationToken) is [var found] ? found : null;

    /// <summary>Those of the topics that there are: four requests, however many they be.</summary>
    public async Task<IReadOnlyList<TopicDescription>> DescribeAsync(IReadOnlyList<string> topics, CancellationToken cancellationToken)
    {
        var found = await PartitionsAsync(topics, cancellationToken);
        if (found.Count == 0) return [];
        TopicPartition[] all = [.. found.SelectMany(t => t.Value.Select(p => new TopicPartition(t.Key, p.Partition)))];
        var earliest = OffsetsAsync(all, OffsetSpec.Earliest(), cancellationToken);
        var latest = OffsetsAsync(all, OffsetSpec.Latest(), cancellationToken);
        var settings = EntriesAsync([.. found.Keys], cancellationToken);
        await Task.WhenAll(earliest, latest, settings);
        var (first, next) = (await earliest, await latest);
        var entries = await settings;
        return [.. topics.Where(found.ContainsKey)
            .Select(topic => new TopicDescription(topic, [.. found[topic].Select(p => Described(topic, p))])
        {
            Settings = Settings(entries.GetValueOrDefault(topic, []), found[topic].Max(p => p.Replicas.Count)),
        })];

        PartitionDescription Described(string topic, TopicPartitionInfo partition)
        {
            var key = new TopicPartition(topic, partition.Partition);
            return Describe(partition, first[key], next[key]);
        }
    }

    public async Task<TopicLimits?> LimitsAsync(string topic, CancellationToken cancellationToken)
    {
        var partitions = PartitionsAsync(topic, cancellationToken);
        var settings = EntriesAsync([topic], cancellationToken);
        if (await partitions is not { } found) return null;
        var entries = (await settings).GetValueOrDefault(topic, []);
        int max = int.TryParse(Value(entries, MaxMessageBytes), CultureInfo.InvariantCulture, out int bytes) ? bytes : 1_048_588;
        return new TopicLimits(found.Count, max);
    }

    public async Task DeleteAsync(string topic, CancellationToken cancellationToken)
    {
        await calls.CallAsync($"delete topic {topic}", async client =>
        {
            try
            {
                await client.DeleteTopicsAsync(
                    [topic],
                    new DeleteTopicsOptions { RequestTimeout = BrokerCalls.RequestTimeout, OperationTimeout = BrokerCalls.RequestTimeout });
                return true;
            }
            catch (DeleteTopicsException error)
            {
                throw new KafkaException(error.Results[0].Error);
            }
        }, cancellationToken);
        await SettledAsync(topic, t => t is null, cancellationToken);
    }

    /// <summary>One offset a partition; -1 where no record is as late as a timestamp asked for.</summary>
    /// <exception cref="TidemillException">NotFound for an unknown partition.</exception>
    public async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> OffsetsAsync(
        IReadOnlyCollection<TopicPartition> partitions, OffsetSpec spec, CancellationToken cancellationToken,
        IsolationLevel isolation = IsolationLevel.ReadCommitted)
    {
        long started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return await ListOffsetsAsync(partitions, spec, isolation, cancellationToken);
            }
            catch (TidemillException error) when (IsSettling(error) && time.GetElapsedTime(started) < BrokerCalls.RequestTimeout)
            {
                await Task.Delay(SettlingInterval, time, cancellationToken);
            }
            catch (TidemillException error) when (error.Code == ErrorCode.Unavailable)
            {
                // librdkafka says of a partition that does not exist that its leader is not available.
                await RequireAsync(partitions, cancellationToken);
                throw;
            }
        }
    }

    // A broker shows a new topic, or that it leads a partition now, before it does lead it.
    private static bool IsSettling(TidemillException error) =>
        error.InnerException is KafkaException
        {
            Error.Code: KafkaCode.NotLeaderForPartition or KafkaCode.UnknownLeaderEpoch or KafkaCode.FencedLeaderEpoch,
        };

    private async Task RequireAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        foreach (var topic in partitions.GroupBy(p => p.Topic))
        {
            int count = (await PartitionsAsync(topic.Key, cancellationToken))?.Count ?? 0;
            if (topic.Any(p => (uint)p.Partition >= (uint)count))
            {
                throw new TidemillException(ErrorCode.NotFound, count == 0
                    ? $"There is no topic {topic.Key}."
                    : $"Topic {topic.Key} has {count} partitions; {topic.Max(p => p.Partition)} is not one of them.");
            }
        }
    }

    private Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ListOffsetsAsync(
        IReadOnlyCollection<TopicPartition> partitions, OffsetSpec spec, IsolationLevel isolation, CancellationToken cancellationToken) =>
        calls.CallAsync<IReadOnlyDictionary<TopicPartition, LogOffset>>("read offsets", async client =>
        {
            var asked = partitions.Select(p => new TopicPartitionOffsetSpec
            {
                TopicPartition = new(p.Topic, p.Partition),
                OffsetSpec = spec,
            });
            try
            {
                var answer = await client.ListOffsetsAsync(
                    asked, new ListOffsetsOptions { RequestTimeout = BrokerCalls.RequestTimeout, IsolationLevel = isolation });
                return answer.ResultInfos.Select(i => i.TopicPartitionOffsetError).ToDictionary(
                    o => new TopicPartition(o.Topic, o.Partition.Value), o => new LogOffset(o.Offset.Value));
            }
            catch (ListOffsetsException error)
            {
                throw new KafkaException(
                    error.Result.ResultInfos.Select(i => i.TopicPartitionOffsetError.Error).FirstOrDefault(e => e.IsError) ?? error.Error);
            }
        }, cancellationToken);

    private async Task<List<TopicPartitionInfo>?> PartitionsAsync(string topic, CancellationToken cancellationToken) =>
        (await PartitionsAsync([topic], cancellationToken)).GetValueOrDefault(topic);

    /// <summary>The partitions of those topics that there are.</summary>
    private async Task<Dictionary<string, List<TopicPartitionInfo>>> PartitionsAsync(
        IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        topics.Count == 0 ? [] : await calls.CallAsync($"describe {Named(topics)}", async client =>
        {
            try
            {
                var answer = await client.DescribeTopicsAsync(
                    TopicCollection.OfTopicNames(topics), new DescribeTopicsOptions { RequestTimeout = BrokerCalls.RequestTimeout });
                return answer.TopicDescriptions.ToDictionary(t => t.Name, t => t.Partitions, StringComparer.Ordinal);
            }
            catch (DescribeTopicsException error)
            {
                var answers = error.Results.TopicDescriptions;
                var refused = answers.Find(t => t.Error.IsError && t.Error.Code is not KafkaCode.UnknownTopicOrPart);
                return refused is null
                    ? answers.Where(t => !t.Error.IsError).ToDictionary(t => t.Name, t => t.Partitions, StringComparer.Ordinal)
                    : throw new KafkaException(refused.Error);
            }
        }, cancellationToken);

    private static string Named(IReadOnlyList<string> topics) => topics.Count == 1 ? $"topic {topics[0]}" : $"{topics.Count} topics";

    private static TopicSettings Settings(Dictionary<string, ConfigEntryResult> entries, int replicas)
    {
        long? Number(string name) =>
            long.TryParse(Value(entries, name), CultureInfo.InvariantCulture, out long value) && value >= 0 ? value : null;
        return new TopicSettings
        {
            RetentionTime = Number(RetentionMs) is { } ms
                ? TimeSpan.FromMilliseconds(Math.Min(ms, TimeSpan.MaxValue.TotalMilliseconds))
                : null,
            RetentionBytes = Number(RetentionBytes),
            MaxRecordBytes = (int?)Number(MaxMessageBytes) - TopicLimits.FramingBytes,
            ReplicationFactor = replicas,
            Options = entries.Values
                .Where(e => e is { Source: ConfigSource.DynamicTopicConfig, IsSensitive: false }
                    && e.Name is not (RetentionMs or RetentionBytes or MaxMessageBytes))
                .ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal),
        };
    }

    /// <summary>The topics' settings; none of those that the brokers refuse to show.</summary>
    private Task<Dictionary<string, Dictionary<string, ConfigEntryResult>>> EntriesAsync(
        IReadOnlyList<string> topics, CancellationToken cancellationToken) =>
        calls.CallAsync($"read the settings of {Named(topics)}", async client =>
        {
            try
            {
                var answer = await client.DescribeConfigsAsync(
                    topics.Select(topic => new ConfigResource { Type = ResourceType.Topic, Name = topic }),
                    new DescribeConfigsOptions { RequestTimeout = BrokerCalls.RequestTimeout });
                return answer.ToDictionary(t => t.ConfigResource.Name, t => t.Entries, StringComparer.Ordinal);
            }
            catch (DescribeConfigsException error)
            {
                var failed = error.Results.Find(
                    t => t.Error.IsError && KafkaErrors.Code(t.Error.Code) is not (ErrorCode.AccessDenied or ErrorCode.NotFound));
                return failed is null
                    ? error.Results.Where(t => !t.Error.IsError)
                        .ToDictionary(t => t.ConfigResource.Name, t => t.Entries, StringComparer.Ordinal)
                    : throw new KafkaException(failed.Error);
            }
        }, cancellationToken);

    private TopicSpecification Specification(TopicSpec spec)
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [RetentionMs] = spec.RetentionTime is { } time ? ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture) : "-1",
            [MaxMessageBytes] = (spec.MaxRecordBytes + TopicLimits.FramingBytes).ToString(CultureInfo.InvariantCulture),
        };
        if (spec.RetentionBytes is { } bytes) settings[RetentionBytes] = bytes.ToString(CultureInfo.InvariantCulture);
        foreach (var (name, value) in spec.Options) settings[name] = value;
        return new TopicSpecification
        {
            Name = spec.Name,
            NumPartitions = spec.Partitions,
            ReplicationFactor = (short)(spec.ReplicationFactor ?? replicationFactor ?? -1),
            Configs = settings,
        };
    }

    // Brokers learn of a change one after the other: the caller gets an answer that the next request agrees with.
    private async Task<TopicDescription?> SettledAsync(
        string topic, Predicate<TopicDescription?> settled, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (true)
        {
            try
            {
                var found = await DescribeAsync(topic, cancellationToken);
                if (settled(found) || time.GetElapsedTime(started) > BrokerCalls.RequestTimeout) return found;
            }
            catch (TidemillException error) when (error.Code is ErrorCode.Unavailable
                or ErrorCode.NotFound
                && time.GetElapsedTime(started) < BrokerCalls.RequestTimeout)
            {
                // Between being known and having a leader, or the other way round.
            }

            await Task.Delay(SettlingInterval, time, cancellationToken);
        }
    }

    private static TopicDescription Matching(TopicSpec spec, TopicDescription existing) => existing.Partitions.Count == spec.Partitions
        ? existing
        : throw new TidemillException(
            ErrorCode.SchemaConflict,
            $"Topic {spec.Name} exists with {existing.Partitions.Count} partitions; {spec.Partitions} were asked for.");

    private static PartitionDescription Describe(TopicPartitionInfo partition, LogOffset earliest, LogOffset latest) =>
        new(partition.Partition, earliest, latest, null)
        {
            Replicas = new PartitionReplicas(
                partition.Leader is { Id: >= 0 } leader ? leader.Id : null,
                [.. partition.Replicas.Select(r => r.Id)],
                [.. partition.ISR.Select(r => r.Id)]),
        };

    private static string? Value(Dictionary<string, ConfigEntryResult> entries, string name) => entries.GetValueOrDefault(name)?.Value;
}
