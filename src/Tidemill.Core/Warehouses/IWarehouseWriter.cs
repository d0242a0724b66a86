using Tidemill.Core.Batches;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Warehouses;

/// <summary>
/// One stream's writing connection. Between <see cref="BeginAsync"/> and <see cref="CommitAsync"/> rows and checkpoint
/// form one transaction: both are durable when CommitAsync returns, or neither. After any exception only
/// <see cref="RollbackAsync"/> may follow (a commit whose answer was lost is settled by reading the checkpoint again);
/// a broken connection is opened anew by the next BeginAsync.
/// </summary>
public interface IWarehouseWriter : IAsyncDisposable
{
    Task BeginAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Remembers keys in a table of seen keys and tells which were new: one flag a row, in row order. Of equal keys within
    /// the batch the first is new; one with a NULL is new and not remembered. The table is created by the caller; its columns are the key.
    /// </summary>
    Task<bool[]> InsertNewKeysAsync(TableName seen, Batch keys, CancellationToken cancellationToken);

    /// <summary>
    /// Writes the rows by the write's conflict rule and returns how many were inserted or changed. Columns are matched by
    /// name. RowRejected when a row violates a constraint or does not fit a type.
    /// </summary>
    Task<long> WriteAsync(TableWrite write, Batch rows, CancellationToken cancellationToken);

    /// <summary>
    /// Moves the checkpoints of a stream's sink, one row a partition, each from its start to its end.
    /// CheckpointFenced when a stored position is not the expected start: another writer was here.
    /// </summary>
    Task AdvanceAsync(CheckpointOwner owner, IReadOnlyList<OffsetRange> ranges, CancellationToken cancellationToken);

    /// <summary>Runs one statement inside the transaction and returns the rows it changed.</summary>
    Task<long> ExecuteAsync(string sql, IReadOnlyList<object?> parameters, CancellationToken cancellationToken);

    Task CommitAsync(CancellationToken cancellationToken);

    /// <summary>Gives the transaction up; no error when there is none or the connection is gone.</summary>
    Task RollbackAsync();
}

/// <summary>Whose checkpoint: a stream of the warehouse's project, and the sink within it.</summary>
public readonly record struct CheckpointOwner(string Stream, string Sink);

/// <summary>How rows meet rows that are already there.</summary>
public enum ConflictRule
{
    /// <summary>Every row is inserted.</summary>
    Append,

    /// <summary>A row whose key is there already is left out; the first wins, within the batch too.</summary>
    Ignore,

    /// <summary>A row whose key is there already replaces it; the last wins, within the batch too.</summary>
    Upsert,

    /// <summary>Columns are combined with the stored row's by <see cref="TableWrite.Merge"/>.</summary>
    Merge,
}

/// <summary>How a merged column combines with what is stored. NULL is the neutral element of each.</summary>
public enum MergeOperation
{
    Sum,
    Min,
    Max,

    /// <summary>The newly written value, unless it is NULL.</summary>
    Last,

    /// <summary>The stored value, unless it is NULL.</summary>
    First,
}

/// <summary>One table write.</summary>
public sealed record TableWrite(TableName Table, ConflictRule Rule)
{
    /// <summary>Key columns; needed by every rule but Append. The table's primary key where the warehouse keeps one: see
    /// <see cref="TableSpec.Rule"/>.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    /// <summary>Merge only: an operation for each column outside the key. Rows of a batch have distinct keys, or are rejected.</summary>
    public IReadOnlyDictionary<string, MergeOperation> Merge { get; init; } = new Dictionary<string, MergeOperation>();
}
