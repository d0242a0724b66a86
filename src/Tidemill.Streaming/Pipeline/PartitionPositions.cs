using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;

namespace Tidemill.Streaming.Pipeline;

/// <summary>Gives assigned partitions the positions that the sinks hold, and drains the pipeline before partitions leave.</summary>
internal sealed class PartitionPositions(
    ILog log,
    TopicSourceDefinition source,
    IReadOnlyList<ISink> sinks,
    SinkPositions positions,
    Func<CancellationToken, Task> drain) : IRebalanceListener
{
    public async ValueTask<IReadOnlyDictionary<TopicPartition, LogOffset>> AssignedAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var topic = await log.DescribeTopicAsync(source.Topic, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {source.Topic} does not exist.");
        var held = new List<IReadOnlyDictionary<TopicPartition, LogOffset>>();
        foreach (var sink in sinks)
        {
            held.Add(await sink.ReadPositionsAsync(cancellationToken));
        }

        return partitions.ToDictionary(p => p, p => positions.Assign(p, [.. held.Select(h => Position(topic, p, h))]));
    }

    public async ValueTask RevokedAsync(
        IReadOnlyCollection<TopicPartition> partitions, bool lost, CancellationToken cancellationToken)
    {
        if (!lost)
        {
            await drain(cancellationToken);
        }

        foreach (var partition in partitions)
        {
            positions.Revoke(partition);
        }
    }

    private LogOffset Position(
        TopicDescription topic, TopicPartition partition, IReadOnlyDictionary<TopicPartition, LogOffset> held)
    {
        var there = topic.Partitions.First(p => p.Partition == partition.Partition);
        if (!held.TryGetValue(partition, out var position))
        {
            return source.Start == StartPosition.Earliest ? there.Earliest : there.Next;
        }

        return position >= there.Earliest && position <= there.Next
            ? position
            : throw new TidemillException(ErrorCode.OffsetOutOfRange,
                $"{partition}: the sink's checkpoint is {position}, but the log holds {there.Earliest} to {there.Next}. " +
                "Records between were deleted by retention, or the log is not the one that the sink was filled from.");
    }
}
