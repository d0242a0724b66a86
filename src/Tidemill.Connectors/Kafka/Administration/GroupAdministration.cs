using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;
using KafkaCode = Confluent.Kafka.ErrorCode;
using TopicPartition = Tidemill.Core.Logs.TopicPartition;

namespace Tidemill.Connectors.Kafka.Administration;

/// <summary>Consumer groups: members, committed positions and lag.</summary>
internal sealed class GroupAdministration(BrokerCalls calls, TopicAdministration topics)
{
    public Task<IReadOnlyList<GroupListing>> ListAsync(CancellationToken cancellationToken) =>
        calls.CallAsync<IReadOnlyList<GroupListing>>("list groups", async client =>
        {
            var answer = await client.ListConsumerGroupsAsync(
                new ListConsumerGroupsOptions { RequestTimeout = BrokerCalls.RequestTimeout });
            return [.. answer.Valid.Select(g => new GroupListing(g.GroupId, State(g.State))).OrderBy(g => g.Name, StringComparer.Ordinal)];
        }, cancellationToken);

    public async Task<GroupDescription?> DescribeAsync(string group, CancellationToken cancellationToken)
    {
        var described = DescriptionAsync(group, cancellationToken);
        var committed = await CommittedAsync(group, cancellationToken);
        var description = await described;
        GroupMemberDescription[] members =
        [
            .. description.Members.Select(m => new GroupMemberDescription(
                m.ConsumerId,
                m.ClientId, m.Host, [.. m.Assignment.TopicPartitions.Select(p => new TopicPartition(p.Topic, p.Partition.Value))])),
        ];
        if (members.Length == 0 && committed.Count == 0) return null;
        TopicPartition[] partitions =
        [
            .. committed.Keys.Union(
                members.SelectMany(m => m.Assignment)).OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition),
        ];
        var ends = await EndsAsync(partitions, cancellationToken);
        return new GroupDescription(group, State(description.State), members, [.. partitions.Select(p => new GroupPosition(
            p, committed.TryGetValue(p, out var at) ? at : null, ends.TryGetValue(p, out var end) ? end : null))]);
    }

    /// <exception cref="TidemillException">InvalidRequest, NotFound, OffsetOutOfRange, as
    /// <see cref="ILog.SetGroupPositionsAsync"/> says.</exception>
    public async Task SetPositionsAsync(string group, IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken)
    {
        if (positions.Count == 0) return;
        await CheckAsync(positions, cancellationToken);
        if ((await DescriptionAsync(group, cancellationToken)).Members.Count > 0) throw HasMembers(group);
        await calls.CallAsync($"set the positions of group {group}", async client =>
        {
            try
            {
                return await client.AlterConsumerGroupOffsetsAsync(
                    [new ConsumerGroupTopicPartitionOffsets(group, [.. positions.Select(p =>
                        new TopicPartitionOffset(p.Partition.Topic, p.Partition.Partition, p.Offset.Value))])],
                    new AlterConsumerGroupOffsetsOptions { RequestTimeout = BrokerCalls.RequestTimeout });
            }
            catch (AlterConsumerGroupOffsetsException error)
            {
                var refused = error.Results[0].Partitions.Select(p => p.Error).Prepend(error.Results[0].Error).First(e => e.IsError);
                if (refused.Code is KafkaCode.UnknownMemberId or KafkaCode.NonEmptyGroup) throw HasMembers(group);
                throw new KafkaException(refused);
            }
        }, cancellationToken);
    }

    private async Task CheckAsync(IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken)
    {
        foreach (var topic in positions.GroupBy(p => p.Partition.Topic))
        {
            var described = await topics.DescribeAsync(topic.Key, cancellationToken);
            foreach (var position in topic)
            {
                var found = described?.Partitions.FirstOrDefault(p => p.Partition == position.Partition.Partition)
                    ?? throw new TidemillException(ErrorCode.NotFound, $"There is no partition {position.Partition}.");
                if (position.Offset < found.Earliest || position.Offset > found.Next)
                {
                    throw new TidemillException(
                        ErrorCode.OffsetOutOfRange,
                        $"{position.Partition} holds offsets {found.Earliest} to {found.Next}; {position.Offset} is not among them.");
                }
            }
        }
    }

    private Task<ConsumerGroupDescription> DescriptionAsync(string group, CancellationToken cancellationToken) =>
        calls.CallAsync($"describe group {group}", async client =>
        {
            try
            {
                var answer = await client.DescribeConsumerGroupsAsync(
                    [group], new DescribeConsumerGroupsOptions { RequestTimeout = BrokerCalls.RequestTimeout });
                return answer.ConsumerGroupDescriptions[0];
            }
            catch (DescribeConsumerGroupsException error)
            {
                var described = error.Results.ConsumerGroupDescriptions[0];
                // Brokers from 4.0 on say that a group does not exist where older ones call it dead.
                return described.Error.Code == KafkaCode.GroupIdNotFound
                    ? new ConsumerGroupDescription { GroupId = group, State = ConsumerGroupState.Dead, Members = [] }
                    : throw new KafkaException(described.Error);
            }
        }, cancellationToken);

    private Task<Dictionary<TopicPartition, LogOffset>> CommittedAsync(string group, CancellationToken cancellationToken) =>
        calls.CallAsync($"read the positions of group {group}", async client =>
        {
            try
            {
                var answer = await client.ListConsumerGroupOffsetsAsync(
                    [new ConsumerGroupTopicPartitions(group, null)],
                    new ListConsumerGroupOffsetsOptions { RequestTimeout = BrokerCalls.RequestTimeout });
                return answer[0].Partitions.Where(p => p.Offset.Value >= 0).ToDictionary(
                    p => new TopicPartition(p.Topic, p.Partition.Value), p => new LogOffset(p.Offset.Value));
            }
            catch (ListConsumerGroupOffsetsException error) when (error.Results[0].Error.Code == KafkaCode.GroupIdNotFound)
            {
                return [];
            }
            catch (ListConsumerGroupOffsetsException error)
            {
                throw new KafkaException(error.Results[0].Error);
            }
        }, cancellationToken);

    /// <summary>Next offsets by partition; those of topics that no longer exist are left out.</summary>
    private async Task<Dictionary<TopicPartition, LogOffset>> EndsAsync(TopicPartition[] partitions, CancellationToken cancellationToken)
    {
        var ends = new Dictionary<TopicPartition, LogOffset>();
        foreach (var topic in partitions.GroupBy(p => p.Topic))
        {
            try
            {
                foreach (var (partition, end) in await topics.OffsetsAsync([.. topic], OffsetSpec.Latest(), cancellationToken))
                    ends[partition] = end;
            }
            catch (TidemillException error) when (error.Code == ErrorCode.NotFound)
            {
                continue;
            }
        }

        return ends;
    }

    private static GroupState State(ConsumerGroupState state) => state switch
    {
        ConsumerGroupState.Stable => GroupState.Stable,
        ConsumerGroupState.Empty or ConsumerGroupState.Dead => GroupState.Empty,
        _ => GroupState.Rebalancing,
    };

    private static TidemillException HasMembers(string group) => new(
        ErrorCode.InvalidRequest, $"Group {group} has members, which would not notice: stop them, then set its positions.");
}
