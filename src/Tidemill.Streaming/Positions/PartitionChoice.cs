using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Positions;

/// <summary>A topic's partitions that a request means: one, or all.</summary>
public static class PartitionChoice
{
    /// <summary>NotFound without the topic, InvalidRequest without the partition.</summary>
    public static async Task<TopicDescription> RequireAsync(ILog log, string topic, int? partition, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(log);
        var description = await log.DescribeTopicAsync(topic, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {topic} does not exist.");
        return partition is null || description.Partitions.Any(p => p.Partition == partition)
            ? description
            : throw new TidemillException(
                ErrorCode.InvalidRequest, $"Partition {partition} is not between 0 and {description.Partitions.Count - 1}.");
    }

    public static IEnumerable<PartitionDescription> Of(TopicDescription topic, int? partition)
    {
        ArgumentNullException.ThrowIfNull(topic);
        return topic.Partitions.Where(p => partition is null || p.Partition == partition);
    }
}
