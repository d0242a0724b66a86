using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;

namespace Tidemill.Streaming.Pipeline;

/// <summary>Gives assigned partitions the positions that the sinks hold, and drains the pipeline before partitions leave.</summary>
internal sealed class PartitionPositions(
    ILog log,
    TopicSourceDefinition source,
    IReadOnlyList<ISink> sinks,
    SinkPositions positions,
    Schema rows,
    Func<CancellationToken, Task> drain) : IRebalanceListener
{
    public async ValueTask<IReadOnlyDictionary<TopicPartition, LogOffset>> AssignedAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        var topic = await log.DescribeTopicAsync(source.Topic, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {source.Topic} does not exist.");
        var starts = partitions.ToDictionary(p => p, _ => new LogOffset[sinks.Count]);
        for (var i = 0; i < sinks.Count; i++)
        {
            var held = await sinks[i].ReadPositionsAsync(partitions, cancellationToken);
            foreach (var partition in partitions)
                starts[partition][i] = await PositionAsync(topic, partition, sinks[i], held, cancellationToken);
        }

        return partitions.ToDictionary(p => p, p => positions.Assign(p, starts[p]));
    }

    public async ValueTask RevokedAsync(
        IReadOnlyCollection<TopicPartition> partitions, bool lost, CancellationToken cancellationToken)
    {
        if (!lost)
            await drain(cancellationToken);

        foreach (var partition in partitions)
            positions.Revoke(partition);
    }

    private async ValueTask<LogOffset> PositionAsync(
        TopicDescription topic, TopicPartition partition, ISink sink, IReadOnlyDictionary<TopicPartition, LogOffset> held,
        CancellationToken cancellationToken)
    {
        var there = topic.Partitions.First(p => p.Partition == partition.Partition);
        if (!held.TryGetValue(partition, out var position))
            return source.Start == StartPosition.Earliest ? there.Earliest : there.Next;

        if (position >= there.Earliest && position <= there.Next)
            return position;

        var start = source.OnOutOfRange switch
        {
            OutOfRangePolicy.Earliest => there.Earliest,
            OutOfRangePolicy.Latest => there.Next,
            _ => throw new TidemillException(ErrorCode.OffsetOutOfRange,
                $"{partition}: the checkpoint of sink {sink.Name} is {position}, but the log holds {there.Earliest} to {there.Next}. " +
                "Records between were deleted by retention, or the log is not the one that the sink was filled from. " +
                "The source's on_out_of_range says whether to go on without them."),
        };
        await SkipAsync(sink, new OffsetRange(partition, position, start), cancellationToken);
        return start;
    }

    /// <summary>Moves the sink's checkpoint over records that are gone. Its writer must be idle, so batches under way go first.</summary>
    private async Task SkipAsync(ISink sink, OffsetRange range, CancellationToken cancellationToken)
    {
        await drain(cancellationToken);
        using var nothing = new Batch(rows, []);
        await sink.WriteAsync(new SinkBatch { Ranges = [range], Rows = nothing }, cancellationToken);
    }
}
