using System.Buffers;
using Tidemill.Core.Logs;
using Tidemill.Log.Checkpoints;
using Tidemill.Log.Segments;

namespace Tidemill.Log.Consumers;

/// <summary>Records that point into one fetch buffer, which they hold a reference to.</summary>
internal sealed unsafe class RecordRun : FetchedRecords
{
    private readonly FetchBuffer _buffer;
    private readonly int _limit;
    private RecordRef[] _records;
    private int[] _headerPositions;
    private int _count;
    private long _bytes;
    private long _next;
    private bool _disposed;

    /// <param name="partition">Whose records they are.</param>
    /// <param name="buffer">Where they lie.</param>
    /// <param name="limit">End of the bytes read into the buffer.</param>
    /// <param name="capacity">A guess; the run grows.</param>
    public RecordRun(TopicPartition partition, FetchBuffer buffer, int limit, int capacity)
    {
        Partition = partition;
        this._buffer = buffer;
        this._limit = limit;
        buffer.AddReference();
        _records = ArrayPool<RecordRef>.Shared.Rent(capacity);
        _headerPositions = ArrayPool<int>.Shared.Rent(capacity);
    }

    public override TopicPartition Partition { get; }

    public override ReadOnlySpan<RecordRef> Records
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _records.AsSpan(0, _count);
        }
    }

    public override LogOffset Next => new(_next);

    public override long Bytes => _bytes;

    public int Count => _count;

    public void Add(in RecordRef record, byte* headers, int recordBytes)
    {
        if (_count == _records.Length || _count == _headerPositions.Length) Grow();
        _headerPositions[_count] = (int)(headers - _buffer.Pointer);
        _records[_count++] = record;
        _bytes += recordBytes;
        _next = record.Offset + 1;
    }

    /// <summary>Without the log's own.</summary>
    public override IReadOnlyList<RecordHeader> Headers(int index)
    {
        var all = AllHeaders(index);
        return all is [{ Name: HiddenHeader.Name }, ..] ? [.. all.Skip(1)] : all;
    }

    public IReadOnlyList<RecordHeader> AllHeaders(int index)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_count);
        return RecordDecoder.ReadHeaders(_buffer.Pointer + _headerPositions[index], _buffer.Pointer + _limit);
    }

    protected override void Dispose(bool disposing)
    {
        if (_disposed) return;
        _disposed = true;
        ArrayPool<RecordRef>.Shared.Return(_records);
        ArrayPool<int>.Shared.Return(_headerPositions);
        _buffer.Release();
    }

    private void Grow()
    {
        _records = Grown(_records);
        _headerPositions = Grown(_headerPositions);
    }

    private T[] Grown<T>(T[] full)
    {
        var larger = ArrayPool<T>.Shared.Rent(_count * 2);
        full.AsSpan(0, _count).CopyTo(larger);
        ArrayPool<T>.Shared.Return(full);
        return larger;
    }
}
