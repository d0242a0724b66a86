using Tidemill.Core.Logs;

namespace Tidemill.Core.Streams;

/// <summary>A sink whose checkpoint a person may move.</summary>
public interface IMovablePositions
{
    /// <summary>True when writing records again changes nothing that the sink holds; else going back would double rows.</summary>
    bool MayRepeat { get; }

    /// <summary>
    /// Moves the checkpoint of each partition from Start to End, which may lie before it; all or none where the
    /// store has transactions. CheckpointFenced when a checkpoint is not at Start any more. A partition without a checkpoint gets one.
    /// </summary>
    Task MovePositionsAsync(IReadOnlyList<OffsetRange> moves, CancellationToken cancellationToken);
}
