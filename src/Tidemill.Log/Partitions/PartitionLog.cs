using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Recovery;
using Tidemill.Log.Segments;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Partitions;

/// <summary>
/// One partition: its segments, the queue of appends and the readers to wake. Appends that arrive while others are
/// being written wait together and go out in one write and one fsync (group commit), in the order they came.
/// </summary>
internal sealed class PartitionLog : IThreadPoolWorkItem, IDisposable
{
    // One write's share: enough to amortise an fsync, small enough that the first of a long queue is not kept waiting.
    private const int MaxGroupBatches = 1024;
    private const long MaxGroupBytes = 32 << 20;

    private readonly IFileSystem _files;
    private readonly string _folder;
    private readonly EmbeddedLogOptions _options;
    private readonly SegmentAppender _appender;

    private readonly Lock _gate = new();
    private readonly Queue<PendingBatch> _pending = [];
    private readonly List<PendingBatch> _group = [];
    private bool _committing;
    private int _flushing;
    private TaskCompletionSource? _idle;
    private TidemillException? _refusal;
    private WakeSignal[] _watchers = [];
    private volatile Segment[] _segments;
    private volatile LogEnd _end;

    public PartitionLog(
        IFileSystem files, string folder, TopicPartition partition, EmbeddedLogOptions options, RecoveredPartition recovered)
    {
        this._files = files;
        this._folder = folder;
        this._options = options;
        Partition = partition;
        _appender = new SegmentAppender(files, folder, partition, options, recovered);
        _segments = [.. recovered.Segments];
        _end = new LogEnd(_appender.Segment, _appender.Index.SegmentBytes, _appender.Index.NextOffset);
    }

    public TopicPartition Partition { get; }

    public IFileSystem Files => _files;

    public EmbeddedLogOptions Options => _options;

    /// <summary>In offset order, the last one open for appends.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    public LogEnd End => _end;

    /// <summary>Every record before it survives a power cut.</summary>
    public long DurableOffset => _appender.DurableOffset;

    public long Earliest => _segments[0].BaseOffset;

    /// <summary>Why the partition is gone (deleted, closed), or null while it is there.</summary>
    public TidemillException? Refusal => Volatile.Read(ref _refusal);

    public PartitionDescription Describe()
    {
        var (all, last) = (_segments, _end);
        return new PartitionDescription(
            Partition.Partition, new LogOffset(all[0].BaseOffset), new LogOffset(last.Offset),
            all.Where(s => s.IsSealed).Sum(s => s.Bytes) + (last.Segment.IsSealed ? 0 : last.Position));
    }

    /// <summary>Queues the batches one right after the other; each completes or fails its operation.</summary>
    public void Append(IReadOnlyList<PendingBatch> batches)
    {
        bool lead;
        lock (_gate)
        {
            if (_refusal is null)
            {
                foreach (var batch in batches) _pending.Enqueue(batch);
            }

            lead = _refusal is null && !_committing;
            if (lead) _committing = true;
        }

        if (_refusal is { } reason) FailAll(batches, reason);
        else if (lead) Lead(batches[0].Acknowledgement);
    }

    /// <summary>Commits on a pool thread until the queue is empty.</summary>
    public void Execute()
    {
        while (CommitGroup())
        {
        }
    }

    /// <summary>Puts Written records on disk; after an earlier failure, mends the file first unless the committer is about to.</summary>
    public void Flush()
    {
        if (Refusal is not null) return;
        if (!_appender.NeedsRepair) _appender.Flush();
        else if (TryLead(() => true)) LeadOnce(_appender.Repair);
    }

    /// <summary>The index of a segment: the live one, the stored one, or one rebuilt from the segment.</summary>
    public SegmentIndex IndexOf(Segment segment)
    {
        var live = _appender.Index;
        if (live.BaseOffset == segment.BaseOffset) return live;
        if (SegmentIndex.TryLoad(_files, segment.IndexPath, segment.BaseOffset, segment.Bytes, _options.IndexIntervalBytes) is { } stored)
            return stored;

        using var file = _files.Open(segment.Path, FileOpen.Read);
        return SegmentScan.Run(file, segment.BaseOffset, _options.IndexIntervalBytes).Index;
    }

    public void Watch(WakeSignal signal)
    {
        lock (_gate) _watchers = [.. _watchers, signal];
    }

    public void Unwatch(WakeSignal signal)
    {
        lock (_gate) _watchers = [.. _watchers.Where(w => w != signal)];
    }

    /// <summary>
    /// Begins a new segment if the last one holds records all older than the time, so that it can be deleted.
    /// Leaves it alone while appends are under way: it is then not idle.
    /// </summary>
    public void RollIfOlder(long timestampMs)
    {
        if (!TryLead(() => _appender.Index.SegmentBytes > 0 && _appender.Index.MaxTimestamp < timestampMs)) return;
        LeadOnce(() =>
        {
            _appender.Roll();
            Publish();
        });
    }

    /// <summary>Takes the first segments out of sight, then deletes their files; a reader inside one reads on to its end.</summary>
    public void DeleteFirst(int count)
    {
        Segment[] gone;
        lock (_gate)
        {
            count = Math.Min(count, _segments.Length - 1);
            gone = _segments[..count];
            _segments = _segments[count..];
        }

        foreach (var segment in gone)
        {
            _files.DeleteFile(segment.Path);
            if (_files.FileExists(segment.IndexPath)) _files.DeleteFile(segment.IndexPath);
        }
    }

    /// <summary>Refuses new appends, lets those under way finish, then closes the files: flushed, unless they are to be deleted.</summary>
    public async Task CloseAsync(TidemillException reason, bool flush)
    {
        Task finished = Task.CompletedTask;
        lock (_gate)
        {
            if (_refusal is not null) return;
            _refusal = reason;
            if (_committing) finished = (_idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await finished;
        Wake();
        if (flush) _appender.Close();
        else _appender.Dispose();
    }

    /// <summary>Closes the files as they are, when opening something else failed.</summary>
    public void Dispose() => _appender.Dispose();

    // A write without an fsync is short, so the caller makes it itself; waiting for a disk belongs on another thread.
    private void Lead(Acknowledgement acknowledgement)
    {
        if (acknowledgement == Acknowledgement.Durable || CommitGroup()) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private bool TryLead(Func<bool> stillWanted)
    {
        lock (_gate)
        {
            if (_committing || _refusal is not null || !stillWanted()) return false;
            return _committing = true;
        }
    }

    private void LeadOnce(Action action)
    {
        try
        {
            action();
        }
        finally
        {
            Execute();
        }
    }

    // Commits what waits now, and says whether the committer must go on. Without more to do, it steps down.
    private bool CommitGroup()
    {
        bool durable = TakeGroup();
        int done = 0;
        try
        {
            while (done < _group.Count)
            {
                int count = _appender.Reserve(_group, done);
                _appender.Append(_group, done, count, durable);
                Publish();
                for (int last = done + count; done < last; done++) _group[done].Complete();
            }
        }
        catch (Exception error)
        {
            FailAll(_group[done..], AppendError(error));
        }

        _group.Clear();
        lock (_gate)
        {
            if (_pending.Count > 0) return true;
            _committing = false;
            _idle?.SetResult();
            return false;
        }
    }

    private bool TakeGroup()
    {
        bool durable = false;
        long bytes = 0;
        lock (_gate)
        {
            while (_group.Count < MaxGroupBatches && bytes < MaxGroupBytes && _pending.TryDequeue(out var next))
            {
                _group.Add(next);
                bytes += next.Batch.Length;
                durable |= next.Acknowledgement == Acknowledgement.Durable;
            }
        }

        return durable;
    }

    private void Publish()
    {
        var last = _appender.Segment;
        lock (_gate)
        {
            if (_segments[^1] != last) _segments = [.. _segments, last];
        }

        _end = new LogEnd(last, _appender.Index.SegmentBytes, _appender.Index.NextOffset);
        Wake();
        if (_appender.UnflushedBytes >= _options.FlushBytes && Interlocked.Exchange(ref _flushing, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static partition => partition.FlushAhead(), this, preferLocal: false);
    }

    private void FlushAhead()
    {
        try
        {
            Flush();
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error) || error is TidemillException or ObjectDisposedException)
        {
            // The appender remembers the failure and mends it before the next append; closing flushes by itself.
        }
        finally
        {
            Volatile.Write(ref _flushing, 0);
        }
    }

    private void Wake()
    {
        foreach (var watcher in Volatile.Read(ref _watchers)) watcher.Set();
    }

    private TidemillException AppendError(Exception error) => error switch
    {
        TidemillException known => known,
        _ when StorageErrors.IsStorageError(error) => StorageErrors.From($"append to {Partition}", error),
        _ => new TidemillException(ErrorCode.Internal, $"Appending to {Partition} failed.", error),
    };

    private static void FailAll(IReadOnlyList<PendingBatch> batches, Exception error)
    {
        foreach (var batch in batches) batch.Fail(error);
    }
}
