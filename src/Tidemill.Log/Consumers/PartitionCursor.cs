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

    private Segment? segment;
    private IFile? file;
    private long filePosition;

    private FetchBuffer? buffer;
    private long bufferPosition;
    private int bufferLength;
    private int batchStart;
    private BatchHeader batch;
    private RecordDecoder decoder;
    private bool insideBatch;

    public PartitionLog Partition => partition;

    /// <summary>Offset of the record to be read next.</summary>
    public long Offset { get; private set; }

    public bool IsPaused { get; set; }

    public void Seek(long offset)
    {
        if (offset == Offset && segment is not null) return;
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
                if (buffer is null && !Fill(maxBytes)) return null;
                var run = new RecordRun(partition.Partition, buffer!, bufferLength, Math.Min(maxRecords, 1024));
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

        if (buffer is not null && !insideBatch && batchStart == bufferLength) LeaveBuffer();
        if (run.Count > 0) return true;
        run.Dispose();
        return false;
    }

    // False when the run is full.
    private bool TakeFromBatch(RecordRun run, int maxRecords, int maxBytes)
    {
        while (!decoder.AtEnd)
        {
            if (run.Count == maxRecords) return false;
            var before = decoder;
            if (!decoder.TryRead(out var record)) throw Corrupt("a record does not follow the format");
            if (record.Offset < Offset) continue;
            if (run.Count > 0 && run.Bytes + decoder.RecordBytes > maxBytes)
            {
                decoder = before;
                return false;
            }

            run.Add(record, decoder.Headers, decoder.RecordBytes);
            Offset = record.Offset + 1;
        }

        insideBatch = false;
        batchStart += batch.Length;
        return true;
    }

    // The buffer holds whole batches only. Skips those before the offset; false at the buffer's end.
    private bool EnterBatch()
    {
        while (!insideBatch && batchStart < bufferLength)
        {
            var bytes = buffer!.Span[batchStart..bufferLength];
            _ = BatchHeader.TryRead(bytes, out batch);
            if (batch.NextOffset <= Offset)
            {
                batchStart += batch.Length;
                continue;
            }

            if (batch.BaseOffset > Offset) throw Corrupt($"the batch there begins at offset {batch.BaseOffset}");
            if (partition.Options.VerifyOnRead && !batch.Matches(bytes)) throw Corrupt("the checksum of the batch there does not match");
            decoder = new RecordDecoder(buffer.Pointer + batchStart, batch);
            insideBatch = true;
        }

        return insideBatch;
    }

    // Reads the next whole batches; false when no acknowledged ones are left.
    private bool Fill(int maxBytes)
    {
        // Taken before the segment's size is looked at: what it covers is on disk and stays as it is.
        var end = partition.End;
        if (segment is null && !EnterSegment(end)) return false;
        while (true)
        {
            long limit = segment == end.Segment ? end.Position : segment!.IsSealed ? segment.Bytes : filePosition;
            if (filePosition < limit)
            {
                ReadBatches(limit, Math.Max(maxBytes, SmallestReadBytes));
                return true;
            }

            if (!segment!.IsSealed || Offset >= end.Offset) return false;
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
            file = partition.Files.Open(found.Path, FileOpen.Read);
        }
        catch (FileNotFoundException) when (partition.Refusal is not null || partition.Earliest > found.BaseOffset)
        {
            // Retention or deletion came between; the next look tells which.
            return partition.Refusal is { } refusal ? throw refusal : EnterSegment(end);
        }

        segment = found;
        filePosition = partition.IndexOf(found).FloorOfOffset(Offset);
        return true;
    }

    private void ReadBatches(long limit, int wanted)
    {
        int bytes = (int)Math.Min(limit - filePosition, wanted);
        bufferPosition = filePosition;
        buffer = pool.Rent(bytes);
        bufferLength = WholeBatches(bytes, limit, out int needed);
        if (bufferLength == 0 && needed > bytes)
        {
            buffer.Release();
            buffer = pool.Rent(needed);
            bufferLength = WholeBatches(needed, limit, out _);
        }

        if (bufferLength == 0) throw Corrupt("there is no batch there");
        batchStart = 0;
        insideBatch = false;
        filePosition += bufferLength;
    }

    // Reads, and returns the bytes of the whole batches at the front; else needed says what the first one takes.
    private int WholeBatches(int bytes, long limit, out int needed)
    {
        needed = 0;
        int read = file!.Read(buffer!.Span[..bytes], bufferPosition);
        int length = 0;
        while (BatchHeader.TryRead(buffer.Span[length..read], out var header) && header.Length <= limit - bufferPosition - length)
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
        file?.Dispose();
        file = null;
        segment = null;
    }

    private void LeaveBuffer()
    {
        buffer?.Release();
        buffer = null;
        insideBatch = false;
        batchStart = bufferLength = 0;
    }

    private TidemillException Corrupt(string problem) => new(
        ErrorCode.DataCorrupt,
        $"{partition.Partition}: {segment!.Path} at byte {bufferPosition + batchStart} (offset {Offset}): {problem}.");
}
