using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;

namespace Tidemill.Core.Streams;

/// <summary>
/// Where a stream's rows go. A sink owns its checkpoint: the position after the last record whose rows it holds, kept
/// with the rows, so that a replay of anything before it is impossible or changes nothing. Used by one caller at a time.
/// </summary>
public interface ISink : IAsyncDisposable
{
    /// <summary>Unique in its stream.</summary>
    string Name { get; }

    /// <summary>Prepares the target for rows of this schema: tables, indexes, mappings. SchemaConflict when they do not fit.</summary>
    Task OpenAsync(Schema schema, CancellationToken cancellationToken);

    /// <summary>
    /// The positions held now, of at least the given partitions; a partition never written has none. Called each second
    /// while a stream runs, so it costs the store no more than a look-up by key.
    /// </summary>
    Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken);

    /// <summary>
    /// Writes rows and moves the checkpoint over <see cref="SinkBatch.Ranges"/>, as one. Durable and visible on return;
    /// returns rows inserted or changed. RowRejected or TransformFailed when a row cannot be taken, CheckpointFenced when
    /// the positions are not the ranges' starts; then nothing was written. Transient errors are thrown too: the caller retries.
    /// Without ranges (a replay) the rows are written and the checkpoint stays; a sink with deterministic ids then writes the
    /// same thing again.
    /// </summary>
    Task<long> WriteAsync(SinkBatch batch, CancellationToken cancellationToken);

    /// <summary>
    /// Moves the checkpoint of each partition from Start to End, which may lie before it; all or none where the
    /// store has transactions. CheckpointFenced when a checkpoint is not at Start any more. A partition without a checkpoint gets one.
    /// Only for sinks whose traits say that they are movable; InvalidRequest for others.
    /// </summary>
    Task MovePositionsAsync(IReadOnlyList<OffsetRange> moves, CancellationToken cancellationToken) =>
        throw new TidemillException(ErrorCode.InvalidRequest, $"Sink {Name} keeps its position with what it writes; it cannot be moved.");
}

/// <summary>What a sink writes at once.</summary>
public sealed record SinkBatch
{
    /// <summary>The records covered, used or not; at most one range a partition.</summary>
    public required IReadOnlyList<OffsetRange> Ranges { get; init; }

    /// <summary>The transformed rows; null when the stream deduplicates and rows are made inside the sink's transaction.</summary>
    public required Batch? Rows { get; init; }

    public DeduplicatedRows? Deduplicated { get; init; }

    /// <summary>The records that the rows come from, for sinks that pass records on as they are. Theirs is the memory until the
    /// call returns.</summary>
    public IReadOnlyList<FetchedRecords> Records { get; init; } = [];
}

/// <summary>Rows whose making depends on which keys are new.</summary>
/// <param name="Keys">One row a record: the columns that make it one event.</param>
/// <param name="Transform">Makes the rows from the records whose flag is true.</param>
public sealed record DeduplicatedRows(Batch Keys, Func<bool[], Batch> Transform);
