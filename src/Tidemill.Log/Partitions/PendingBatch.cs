using Tidemill.Core.Logs;
using Tidemill.Log.Segments;

namespace Tidemill.Log.Partitions;

/// <summary>An encoded batch that waits for its place in the partition. Whoever completes or fails it disposes the buffer.</summary>
internal sealed class PendingBatch
{
    private readonly ProduceOperation _operation;

    public PendingBatch(RecordBatchWriter batch, Acknowledgement acknowledgement, ProduceOperation operation)
    {
        Batch = batch;
        Acknowledgement = acknowledgement;
        this._operation = operation;
        operation.BatchAdded();
    }

    public RecordBatchWriter Batch { get; }

    public Acknowledgement Acknowledgement { get; }

    public int Count => Batch.Count;

    /// <summary>Known once the operation has completed.</summary>
    public long BaseOffset { get; private set; }

    public void Complete()
    {
        BaseOffset = Batch.Header.BaseOffset;
        Batch.Dispose();
        _operation.BatchDone(null);
    }

    public void Fail(Exception error)
    {
        Batch.Dispose();
        _operation.BatchDone(error);
    }
}
