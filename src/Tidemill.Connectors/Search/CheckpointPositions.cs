using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Search;

/// <summary>The rule of a sink's checkpoint, whichever store holds it.</summary>
internal static class CheckpointPositions
{
    /// <summary>CheckpointFenced when the partition's position is known and is not the range's start.</summary>
    public static void Require(CheckpointOwner owner, OffsetRange range, LogOffset? held)
    {
        if (held is { } position && position != range.Start)
            throw Fenced(owner, range.Partition, range.Start);
    }

    public static TidemillException Fenced(CheckpointOwner owner, TopicPartition partition, LogOffset start) => new(
        ErrorCode.CheckpointFenced,
        $"Stream {owner.Stream}, sink {owner.Sink}: the checkpoint of {partition} is not at {start}; another writer moved it.");
}
