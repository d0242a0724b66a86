using System.Buffers;
using Tidemill.Core.Logs;
using Tidemill.Log.Checkpoints;
using Tidemill.Log.Segments;

namespace Tidemill.Log.Consumers;

/// <summary>Records that point into one fetch buffer, which they hold a reference to.</summary>
internal sealed unsafe class RecordRun : FetchedRecords
{
    private readonly FetchBuffer buffer;
    private readonly int limit;
    private RecordRef[] records;
    private int[] headerPositions;
    private int count;
    private long bytes;
    private long next;
    private bool disposed;

    /// <param name="partition">Whose records they are.</param>
    /// <param name="buffer">Where they lie.</param>
    /// <param name="limit">End of the bytes read into the buffer.</param>
    /// <param name="capacity">A guess; the run grows.</param>
    public RecordRun(TopicPartition partition, FetchBuffer buffer, int limit, int capacity)
    {
        Partition = partition;
        this.buffer = buffer;
        this.limit = limit;
        buffer.AddReference();
        records = ArrayPool<RecordRef>.Shared.Rent(capacity);
        headerPositions = ArrayPool<int>.Shared.Rent(capacity);
    }

    public override TopicPartition Partition { get; }

    public override ReadOnlySpan<RecordRef> Records
    {
        get
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            return records.AsSpan(0, count);
        }
    }

    public override LogOffset Next => new(next);

    public override long Bytes => bytes;

    public int Count => count;

    public void Add(in RecordRef record, byte* headers, int recordBytes)
    {
        if (count == records.Length || count == headerPositions.Length) Grow();
        headerPositions[count] = (int)(headers - buffer.Pointer);
        records[count++] = record;
        bytes += recordBytes;
        next = record.Offset + 1;
    }

    /// <summary>Without the log's own.</summary>
    public override IReadOnlyList<RecordHeader> Headers(int index)
    {
        var all = AllHeaders(index);
        return all is [{ Name: HiddenHeader.Name }, ..] ? [.. all.Skip(1)] : all;
    }

    public IReadOnlyList<RecordHeader> AllHeaders(int index)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)count);
        return RecordDecoder.ReadHeaders(buffer.Pointer + headerPositions[index], buffer.Pointer + limit);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposed) return;
        disposed = true;
        ArrayPool<RecordRef>.Shared.Return(records);
        ArrayPool<int>.Shared.Return(headerPositions);
        buffer.Release();
    }

    private void Grow()
    {
        records = Grown(records);
        headerPositions = Grown(headerPositions);
    }

    private T[] Grown<T>(T[] full)
    {
        var larger = ArrayPool<T>.Shared.Rent(count * 2);
        full.AsSpan(0, count).CopyTo(larger);
        ArrayPool<T>.Shared.Return(full);
        return larger;
    }
}
