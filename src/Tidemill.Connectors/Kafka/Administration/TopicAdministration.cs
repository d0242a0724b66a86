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
    private static readonly TimeSpan ListPatience = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan SettlingInterval = TimeSpan.FromMilliseconds(20);

    public async Task<TopicDescription> CreateAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        if (await DescribeAsync(spec.Name, cancellationToken).ConfigureAwait(false) is { } existing) return Matching(spec, existing);
        await calls.CallAsync($"create topic {spec.Name}", async client =>
        {
            try
            {
                await client.CreateTopicsAsync([Specification(spec)], new CreateTopicsOptions { RequestTimeout = BrokerCalls.Patience, OperationTimeout = BrokerCalls.Patience }).ConfigureAwait(false);
            }
            catch (CreateTopicsException error)
            {
                // Another process may have created it in between.
                if (error.Results[0].Error is { Code: not KafkaCode.TopicAlreadyExists } refused) throw new KafkaException(refused);
            }

            return true;
        }, cancellationToken).ConfigureAwait(false);
        return Matching(spec, await SettledAsync(spec.Name, t => t is not null, cancellationToken).ConfigureAwait(false)
            ?? throw new TidemillException(ErrorCode.Unavailable, $"Topic {spec.Name} was created, but the brokers do not show it yet."));
    }

    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        var metadata = await calls.CallAsync("list topics", client => Task.Run(() => client.GetMetadata(ListPatience)), cancellationToken)
            .ConfigureAwait(false);
        return [.. metadata.Topics.Select(t => t.Topic).Where(t => !t.StartsWith("__", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    /// <summary>The topic as it stands, or null when there is none; Unavailable while a partition has no leader.</summary>
    public async Task<TopicDescription?> DescribeAsync(string topic, CancellationToken cancellationToken)
    {
        var partitions = await PartitionsAsync(topic, cancellationToken).ConfigureAwait(false);
        if (partitions is null) return null;
        TopicPartition[] all = [.. partitions.Select(p => new TopicPartition(topic, p.Partition))];
        var earliest = OffsetsAsync(all, OffsetSpec.Earliest(), cancellationToken);
        var latest = OffsetsAsync(all, OffsetSpec.Latest(), cancellationToken);
        var settings = SettingsAsync(topic, partitions.Max(p => p.Replicas.Count), cancellationToken);
        await Task.WhenAll(earliest, latest, settings).ConfigureAwait(false);
        var (first, next) = (await earliest.ConfigureAwait(false), await latest.ConfigureAwait(false));
        return new TopicDescription(topic, [.. partitions.Select((p, i) => Describe(p, first[all[i]], next[all[i]]))])
        {
            Settings = await settings.ConfigureAwait(false),
        };
    }

    public async Task<TopicLimits?> LimitsAsync(string topic, CancellationToken cancellationToken)
    {
        var partitions = PartitionsAsync(topic, cancellationToken);
        var settings = EntriesAsync(topic, cancellationToken);
        if (await partitions.ConfigureAwait(false) is not { } found) return null;
        int max = int.TryParse(Value(await settings.ConfigureAwait(false), MaxMessageBytes), CultureInfo.InvariantCulture, out int bytes) ? bytes : 1_048_588;
        return new TopicLimits(found.Count, max);
    }

    public async Task DeleteAsync(string topic, CancellationToken cancellationToken)
    {
        await calls.CallAsync($"delete topic {topic}", async client =>
        {
            try
            {
                await client.DeleteTopicsAsync([topic], new DeleteTopicsOptions { RequestTimeout = BrokerCalls.Patience, OperationTimeout = BrokerCalls.Patience }).ConfigureAwait(false);
                return true;
            }
            catch (DeleteTopicsException error)
            {
                throw new KafkaException(error.Results[0].Error);
            }
        }, cancellationToken).ConfigureAwait(false);
        await SettledAsync(topic, t => t is null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One offset a partition; -1 where no record is as late as a timestamp asked for.</summary>
    /// <exception cref="TidemillException">NotFound for an unknown partition.</exception>
    public async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> OffsetsAsync(
        IReadOnlyCollection<TopicPartition> partitions, OffsetSpec spec, CancellationToken cancellationToken,
        IsolationLevel isolation = IsolationLevel.ReadCommitted)
    {
        try
        {
            return await ListOffsetsAsync(partitions, spec, isolation, cancellationToken).ConfigureAwait(false);
        }
        catch (TidemillException error) when (error.Code == ErrorCode.Unavailable)
        {
            // librdkafka says of a partition that does not exist that its leader is not available.
            await RequireAsync(partitions, cancellationToken).ConfigureAwait(false);
            throw;
        }
    }

    private async Task RequireAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        foreach (var topic in partitions.GroupBy(p => p.Topic))
        {
            int count = (await PartitionsAsync(topic.Key, cancellationToken).ConfigureAwait(false))?.Count ?? 0;
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
                    asked, new ListOffsetsOptions { RequestTimeout = BrokerCalls.Patience, IsolationLevel = isolation }).ConfigureAwait(false);
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
        await calls.CallAsync<List<TopicPartitionInfo>?>($"describe topic {topic}", async client =>
        {
            try
            {
                var answer = await client.DescribeTopicsAsync(
                    TopicCollection.OfTopicNames([topic]), new DescribeTopicsOptions { RequestTimeout = BrokerCalls.Patience }).ConfigureAwait(false);
                return answer.TopicDescriptions[0].Partitions;
            }
            catch (DescribeTopicsException error)
            {
                var refused = error.Results.TopicDescriptions[0].Error;
                return refused.Code is KafkaCode.UnknownTopicOrPart ? null : throw new KafkaException(refused);
            }
        }, cancellationToken).ConfigureAwait(false);

    private async Task<TopicSettings> SettingsAsync(string topic, int replicas, CancellationToken cancellationToken)
    {
        var entries = await EntriesAsync(topic, cancellationToken).ConfigureAwait(false);
        long? Number(string name) => long.TryParse(Value(entries, name), CultureInfo.InvariantCulture, out long value) && value >= 0 ? value : null;
        return new TopicSettings
        {
            RetentionTime = Number(RetentionMs) is { } ms ? TimeSpan.FromMilliseconds(Math.Min(ms, TimeSpan.MaxValue.TotalMilliseconds)) : null,
            RetentionBytes = Number(RetentionBytes),
            MaxRecordBytes = (int?)Number(MaxMessageBytes) - TopicLimits.FramingBytes,
            ReplicationFactor = replicas,
            Options = entries.Values
                .Where(e => e is { Source: ConfigSource.DynamicTopicConfig, IsSensitive: false } && e.Name is not (RetentionMs or RetentionBytes or MaxMessageBytes))
                .ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal),
        };
    }

    /// <summary>The topic's settings; none when the brokers refuse to show them.</summary>
    private async Task<Dictionary<string, ConfigEntryResult>> EntriesAsync(string topic, CancellationToken cancellationToken)
    {
        try
        {
            return await calls.CallAsync($"read the settings of topic {topic}", async client =>
            {
                try
                {
                    var answer = await client.DescribeConfigsAsync(
                        [new ConfigResource { Type = ResourceType.Topic, Name = topic }], new DescribeConfigsOptions { RequestTimeout = BrokerCalls.Patience }).ConfigureAwait(false);
                    return answer[0].Entries;
                }
                catch (DescribeConfigsException error)
                {
                    throw new KafkaException(error.Results[0].Error);
                }
            }, cancellationToken).ConfigureAwait(false);
        }
        catch (TidemillException error) when (error.Code is ErrorCode.AccessDenied or ErrorCode.NotFound)
        {
            return [];
        }
    }

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
    private async Task<TopicDescription?> SettledAsync(string topic, Predicate<TopicDescription?> settled, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (true)
        {
            try
            {
                var found = await DescribeAsync(topic, cancellationToken).ConfigureAwait(false);
                if (settled(found) || time.GetElapsedTime(started) > BrokerCalls.Patience) return found;
            }
            catch (TidemillException error) when (error.Code is ErrorCode.Unavailable or ErrorCode.NotFound && time.GetElapsedTime(started) < BrokerCalls.Patience)
            {
                // Between being known and having a leader, or the other way round.
            }

            await Task.Delay(SettlingInterval, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static TopicDescription Matching(TopicSpec spec, TopicDescription existing) => existing.Partitions.Count == spec.Partitions
        ? existing
        : throw new TidemillException(
            ErrorCode.SchemaConflict, $"Topic {spec.Name} exists with {existing.Partitions.Count} partitions; {spec.Partitions} were asked for.");

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
