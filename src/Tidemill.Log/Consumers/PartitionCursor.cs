using Tidemill.Core.Errors;
using Tidemill.Log.Partitions;
using Tidemill.Log.Segments;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Consumers;

/// <summary>
/// One reader's place in one partition. It keeps its segment's file open, so that the segment can be deleted while it
/// is being read, and the buffer it is halfway through. Used by one caller at a time.
/// </summary>
internal sealed unsafe class PartitionCursor(PartitionLog partition, FetchBufferPool pool) : IDisposable
{
    private const int SmallestReadBytes = 64 << 10;

    private Segment? _segment;
    private IFile? _file;
    private long _filePosition;

    private FetchBuffer? _buffer;
    private long _bufferPosition;
    private int _bufferLength;
    private int _batchStart;
    private BatchHeader _batch;
    private RecordDecoder _decoder;
    private bool _insideBatch;

    public PartitionLog Partition => partition;

    /// <summary>Offset of the record to be read next.</summary>
    public long Offset { get; private set; }

    public bool IsPaused { get; set; }

    public void Seek(long offset)
    {
        if (offset == Offset && _segment is not null) return;
        LeaveSegment();
        Offset = offset;
    }

    /// <summary>
    /// The next records, or null when all acknowledged ones have been read. Reads the disk on the caller's thread.
    /// </summary>
    /// <exception cref="TidemillException">OffsetOutOfRange, DataCorrupt, NotFound after deletion, or a storage error.</exception>
    public RecordRun? TryFetch(int maxRecords, int maxBytes)
    {
        if (partition.Refusal is { } refusal) throw refusal;
        try
        {
            while (true)
            {
                if (_buffer is null && !Fill(maxBytes)) return null;
                var run = new RecordRun(partition.Partition, _buffer!, _bufferLength, Math.Min(maxRecords, 1024));
                if (TakeRecords(run, maxRecords, maxBytes)) return run;
            }
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            LeaveSegment();
            throw StorageErrors.From($"read {partition.Partition} at offset {Offset}", error);
        }
        catch (TidemillException)
        {
            LeaveSegment();
            throw;
        }
    }

    public void Dispose() => LeaveSegment();

    // Moves records from the buffer to the run, up to its limits or the buffer's end. False, and the run is gone, when
    // the buffer held only records before the offset.
    private bool TakeRecords(RecordRun run, int maxRecords, int maxBytes)
    {
        try
        {
            while (EnterBatch() && TakeFromBatch(run, maxRecords, maxBytes))
            {
            }
        }
        catch
        {
            run.Dispose();
            throw;
        }

        if (_buffer is not null && !_insideBatch && _batchStart == _bufferLength) LeaveBuffer();
        if (run.Count > 0) return true;
        run.Dispose();
        return false;
    }

    // False when the run is full.
    private bool TakeFromBatch(RecordRun run, int maxRecords, int maxBytes)
    {
        while (!_decoder.AtEnd)
        {
            if (run.Count == maxRecords) return false;
            var before = _decoder;
            if (!_decoder.TryRead(out var record)) throw Corrupt("a record does not follow the format");
            if (record.Offset < Offset) continue;
            if (run.Count > 0 && run.Bytes + _decoder.RecordBytes > maxBytes)
            {
                _decoder = before;
                return false;
            }

            run.Add(record, _decoder.Headers, _decoder.RecordBytes);
            Offset = record.Offset + 1;
        }

        _insideBatch = false;
        _batchStart += _batch.Length;
        return true;
    }

    // The buffer holds whole batches only. Skips those before the offset; false at the buffer's end.
    private bool EnterBatch()
    {
        while (!_insideBatch && _batchStart < _bufferLength)
        {
            var bytes = _buffer!.Span[_batchStart.._bufferLength];
            _ = BatchHeader.TryRead(bytes, out _batch);
            if (_batch.NextOffset <= Offset)
            {
                _batchStart += _batch.Length;
                continue;
            }

            if (_batch.BaseOffset > Offset) throw Corrupt($"the batch there begins at offset {_batch.BaseOffset}");
            if (partition.Options.VerifyOnRead && !_batch.Matches(bytes)) throw Corrupt("the checksum of the batch there does not match");
            _decoder = new RecordDecoder(_buffer.Pointer + _batchStart, _batch);
            _insideBatch = true;
        }

        return _insideBatch;
    }

    // Reads the next whole batches; false when no acknowledged ones are left.
    private bool Fill(int maxBytes)
    {
        // Taken before the segment's size is looked at: what it covers is on disk and stays as it is.
        var end = partition.End;
        if (_segment is null && !EnterSegment(end)) return false;
        while (true)
        {
            long limit = _segment == end.Segment ? end.Position : _segment!.IsSealed ? _segment.Bytes : _filePosition;
            if (_filePosition < limit)
            {
                ReadBatches(limit, Math.Max(maxBytes, SmallestReadBytes));
                return true;
            }

            if (!_segment!.IsSealed || Offset >= end.Offset) return false;
            LeaveSegment();
            if (!EnterSegment(end)) return false;
        }
    }

    private bool EnterSegment(LogEnd end)
    {
        var all = partition.Segments;
        if (Offset > end.Offset || Offset < all[0].BaseOffset)
        {
            throw new TidemillException(
                ErrorCode.OffsetOutOfRange,
                $"{partition.Partition}: offset {Offset} was asked for; the log holds {all[0].BaseOffset} to {end.Offset}.");
        }

        var found = all.Last(s => s.BaseOffset <= Offset);
        try
        {
            _file = partition.Files.Open(found.Path, FileOpen.Read);
        }
        catch (FileNotFoundException) when (partition.Refusal is not null || partition.Earliest > found.BaseOffset)
        {
            // Retention or deletion came between; the next look tells which.
            return partition.Refusal is { } refusal ? throw refusal : EnterSegment(end);
        }

        _segment = found;
        _filePosition = partition.IndexOf(found).FloorOfOffset(Offset);
        return true;
    }

    private void ReadBatches(long limit, int wanted)
    {
        int bytes = (int)Math.Min(limit - _filePosition, wanted);
        _bufferPosition = _filePosition;
        _buffer = pool.Rent(bytes);
        _bufferLength = WholeBatches(bytes, limit, out int needed);
        if (_bufferLength == 0 && needed > bytes)
        {
            _buffer.Release();
            _buffer = pool.Rent(needed);
            _bufferLength = WholeBatches(needed, limit, out _);
        }

        if (_bufferLength == 0) throw Corrupt("there is no batch there");
        _batchStart = 0;
        _insideBatch = false;
        _filePosition += _bufferLength;
    }

    // Reads, and returns the bytes of the whole batches at the front; else needed says what the first one takes.
    private int WholeBatches(int bytes, long limit, out int needed)
    {
        needed = 0;
        int read = _file!.Read(_buffer!.Span[..bytes], _bufferPosition);
        int length = 0;
        while (BatchHeader.TryRead(_buffer.Span[length..read], out var header) && header.Length <= limit - _bufferPosition - length)
        {
            needed = length == 0 ? header.Length : needed;
            if (header.Length > read - length) break;
            length += header.Length;
        }

        return length;
    }

    private void LeaveSegment()
    {
        LeaveBuffer();
        _file?.Dispose();
        _file = null;
        _segment = null;
    }

    private void LeaveBuffer()
    {
        _buffer?.Release();
        _buffer = null;
        _insideBatch = false;
        _batchStart = _bufferLength = 0;
    }

    private TidemillException Corrupt(string problem) => new(
        ErrorCode.DataCorrupt,
        $"{partition.Partition}: {_segment!.Path} at byte {_bufferPosition + _batchStart} (offset {Offset}): {problem}.");
}
