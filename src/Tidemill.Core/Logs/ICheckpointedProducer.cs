namespace Tidemill.Core.Logs;

/// <summary>Whose positions a checkpoint in a log holds. No two sessions with the same owner write the same partition's records.</summary>
public sealed record ProducerOwner(string Project, string Stream, string Sink)
{
    public override string ToString() => $"{Project}/{Stream}/{Sink}";
}

/// <summary>
/// Appends records made out of another topic's records, and keeps how far that topic has been taken in the same log, as one:
/// after any crash either both are there or neither. Used by one caller at a time.
/// </summary>
public interface ICheckpointedProducer : IAsyncDisposable
{
    /// <summary>The owner's position in every partition ever taken, its own finished calls included.</summary>
    Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Appends the records to the topic, each partition's in the given order, and moves the checkpoint over the range. Durable
    /// and visible to readers on return. CheckpointFenced when the checkpoint is not at the range's start, or another session
    /// took the partition over: nothing was appended. RecordTooLarge and NotFound refuse all before any is appended. After
    /// another exception, Unavailable above all, the call may have happened: the positions tell.
    /// </summary>
    /// <param name="topic">The topic that is written.</param>
    /// <param name="records">Maybe none: the checkpoint still moves. Their memory is free again on return.</param>
    /// <param name="range">What was read to make them. A partition that was never taken has no position, and any start will do.</param>
    /// <param name="cancellationToken">Gives up waiting; the call may still happen.</param>
    Task ProduceAsync(string topic, IReadOnlyList<ProducerRecord> records, OffsetRange range, CancellationToken cancellationToken);
}
