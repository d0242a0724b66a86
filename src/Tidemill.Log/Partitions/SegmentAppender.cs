using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Recovery;
using Tidemill.Log.Segments;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Partitions;

/// <summary>
/// The writing end of a partition. One committer at a time appends; the flush of Written records may run beside it.
/// After a failed write or fsync nothing more is accepted until the file is cut back to the acknowledged end and,
/// since a failed fsync may have dropped what the system had cached, the acknowledged bytes that were not yet on disk
/// have been checked, written again and flushed.
/// </summary>
internal sealed class SegmentAppender : IDisposable
{
    private readonly IFileSystem _files;
    private readonly string _folder;
    private readonly TopicPartition _partition;
    private readonly EmbeddedLogOptions _options;
    private readonly DurableMark _mark;

    // One fsync at a time: the system reports a failed one only once, and whoever hears it must tell the other.
    private readonly Lock _flushGate = new();
    private readonly List<ReadOnlyMemory<byte>> _buffers = [];

    private IFile _file;
    private long _durableOffset;
    private long _durablePosition;
    private bool _rollStarted;
    private volatile Exception? _fault;

    public SegmentAppender(
        IFileSystem files, string folder, TopicPartition partition, EmbeddedLogOptions options, RecoveredPartition recovered)
    {
        this._files = files;
        this._folder = folder;
        this._partition = partition;
        this._options = options;
        _mark = recovered.Mark;
        _file = recovered.ActiveFile;
        Segment = recovered.Segments[^1];
        Index = recovered.ActiveIndex;
        (_durableOffset, _durablePosition) = Index.End;
    }

    public Segment Segment { get; private set; }

    /// <summary>Describes the acknowledged part of <see cref="Segment"/>.</summary>
    public SegmentIndex Index { get; private set; }

    /// <summary>Every record before it survives a power cut.</summary>
    public long DurableOffset => Volatile.Read(ref _durableOffset);

    /// <summary>Bytes of the last segment that a power cut may take. Only the committer asks.</summary>
    public long UnflushedBytes => Index.SegmentBytes - Volatile.Read(ref _durablePosition);

    public bool NeedsRepair => _fault is not null;

    /// <summary>How many batches from <paramref name="start"/> go into the current segment, after rolling it if it is full.</summary>
    public int Reserve(IReadOnlyList<PendingBatch> group, int start)
    {
        if (_fault is not null) Repair();
        if (_rollStarted || (Index.SegmentBytes > 0 && group[start].Batch.Length > _options.SegmentBytes - Index.SegmentBytes)) Roll();
        long room = _options.SegmentBytes - Index.SegmentBytes - group[start].Batch.Length;
        int count = 1;
        while (start + count < group.Count && group[start + count].Batch.Length <= room)
            room -= group[start + count++].Batch.Length;

        return count;
    }

    /// <summary>
    /// Appends the batches in one write, and in one fsync when <paramref name="durable"/>. On an exception none of them
    /// is acknowledged and none will be seen.
    /// </summary>
    public void Append(IReadOnlyList<PendingBatch> group, int start, int count, bool durable)
    {
        _buffers.Clear();
        long offset = Index.NextOffset;
        for (int i = start; i < start + count; i++)
        {
            var batch = group[i].Batch;
            batch.Place(offset, DurableOffset);
            offset = batch.Header.NextOffset;
            _buffers.Add(batch.Bytes);
        }

        try
        {
            _file.Write(_buffers, Index.SegmentBytes);
            if (durable) FlushForCommit();
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            _fault = error;
            TryRepair();
            throw;
        }

        for (int i = start; i < start + count; i++) Index.Add(group[i].Batch.Header);
        if (durable) SetDurable(Index.End);
    }

    /// <summary>Puts acknowledged records that are not yet on disk there. Runs beside appends.</summary>
    public void Flush()
    {
        lock (_flushGate)
        {
            var end = Index.End;
            if (_fault is not null || end.Offset == _durableOffset) return;
            try
            {
                _file.Flush();
            }
            catch (Exception error) when (StorageErrors.IsStorageError(error))
            {
                _fault = error;
                throw;
            }

            SetDurable(end);
        }
    }

    /// <summary>Closes the current segment and begins the next one. Only the committer calls it.</summary>
    public void Roll()
    {
        // Once the next file may exist, nothing more may go into this one: recovery takes it for whole.
        _rollStarted = true;
        lock (_flushGate)
        {
            if (Index.NextOffset != _durableOffset) FlushForRoll();
            var next = new Segment(_folder, Index.NextOffset);
            var nextFile = _files.Open(next.Path, FileOpen.Write);
            try
            {
                _files.FlushFolder(_folder);
            }
            catch
            {
                nextFile.Dispose();
                throw;
            }

            StoreIndex();
            Segment.Seal(Index);
            _file.Dispose();
            (_file, Segment, Index) = (nextFile, next, new SegmentIndex(next.BaseOffset, _options.IndexIntervalBytes));
            _durablePosition = 0;
        }

        _rollStarted = false;
    }

    /// <summary>Cuts the file back to the acknowledged end and makes all before it durable. Only the committer calls it.</summary>
    public void Repair()
    {
        lock (_flushGate)
        {
            var end = Index.End;
            _file.SetLength(end.Position);
            if (end.Position > _durablePosition) WriteAgain(end);
            _file.Flush();
            _fault = null;
            SetDurable(end);
        }
    }

    /// <summary>Flushes everything, the durable mark included.</summary>
    public void Close()
    {
        try
        {
            if (_fault is not null) Repair();
            Flush();
            _mark.Flush();
        }
        finally
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        lock (_flushGate)
        {
            _file.Dispose();
            _mark.Dispose();
        }
    }

    private void FlushForCommit()
    {
        lock (_flushGate)
        {
            if (_fault is { } failed) throw new IOException(failed.Message, failed.HResult);
            _file.Flush();
        }
    }

    private void FlushForRoll()
    {
        try
        {
            _file.Flush();
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            _fault = error;
            throw;
        }

        SetDurable(Index.End);
    }

    private void SetDurable((long Offset, long Position) end)
    {
        lock (_flushGate)
        {
            if (end.Offset <= _durableOffset) return;
            Volatile.Write(ref _durableOffset, end.Offset);
            Volatile.Write(ref _durablePosition, end.Position);
            try
            {
                _mark.Write(end.Offset);
            }
            catch (Exception error) when (StorageErrors.IsStorageError(error))
            {
                // The records are on disk. An older mark only protects fewer of them against later damage.
            }
        }
    }

    private void TryRepair()
    {
        try
        {
            Repair();
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error) || error is TidemillException)
        {
            // The fault stays, and with it the refusal of appends; the next append tries again.
        }
    }

    private void WriteAgain((long Offset, long Position) end)
    {
        var scan = SegmentScan.Run(_file, Segment.BaseOffset, _options.IndexIntervalBytes);
        if (scan.Index.End != end)
        {
            throw new TidemillException(
                ErrorCode.DataCorrupt,
                $"{_partition}: {Segment.Path} at byte {scan.Index.SegmentBytes}: written records came back damaged after a failed flush.");
        }

        byte[] chunk = new byte[1 << 20];
        for (long position = _durablePosition; position < end.Position;)
        {
            int read = _file.Read(chunk.AsSpan(0, (int)Math.Min(chunk.Length, end.Position - position)), position);
            _file.Write([chunk.AsMemory(0, read)], position);
            position += read;
        }
    }

    private void StoreIndex()
    {
        try
        {
            AtomicFile.Replace(_files, _folder, Segment.IndexName, Index.Serialize(), durable: false);
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            // It is rebuilt from the segment when needed.
        }
    }
}
