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

    private readonly IFileSystem files;
    private readonly string folder;
    private readonly EmbeddedLogOptions options;
    private readonly SegmentAppender appender;

    private readonly Lock gate = new();
    private readonly Queue<PendingBatch> pending = [];
    private readonly List<PendingBatch> group = [];
    private bool committing;
    private int flushing;
    private TaskCompletionSource? idle;
    private TidemillException? refusal;
    private WakeSignal[] watchers = [];
    private volatile Segment[] segments;
    private volatile LogEnd end;

    public PartitionLog(
        IFileSystem files, string folder, TopicPartition partition, EmbeddedLogOptions options, RecoveredPartition recovered)
    {
        this.files = files;
        this.folder = folder;
        this.options = options;
        Partition = partition;
        appender = new SegmentAppender(files, folder, partition, options, recovered);
        segments = [.. recovered.Segments];
        end = new LogEnd(appender.Segment, appender.Index.SegmentBytes, appender.Index.NextOffset);
    }

    public TopicPartition Partition { get; }

    public IFileSystem Files => files;

    public EmbeddedLogOptions Options => options;

    /// <summary>In offset order, the last one open for appends.</summary>
    public IReadOnlyList<Segment> Segments => segments;

    public LogEnd End => end;

    /// <summary>Every record before it survives a power cut.</summary>
    public long DurableOffset => appender.DurableOffset;

    public long Earliest => segments[0].BaseOffset;

    /// <summary>Why the partition is gone (deleted, closed), or null while it is there.</summary>
    public TidemillException? Refusal => Volatile.Read(ref refusal);

    public PartitionDescription Describe()
    {
        var (all, last) = (segments, end);
        return new PartitionDescription(
            Partition.Partition, new LogOffset(all[0].BaseOffset), new LogOffset(last.Offset),
            all.Where(s => s.IsSealed).Sum(s => s.Bytes) + (last.Segment.IsSealed ? 0 : last.Position));
    }

    /// <summary>Queues the batches one right after the other; each completes or fails its operation.</summary>
    public void Append(IReadOnlyList<PendingBatch> batches)
    {
        bool lead;
        lock (gate)
        {
            if (refusal is null)
            {
                foreach (var batch in batches) pending.Enqueue(batch);
            }

            lead = refusal is null && !committing;
            if (lead) committing = true;
        }

        if (refusal is { } reason) FailAll(batches, reason);
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
        if (!appender.NeedsRepair) appender.Flush();
        else if (TryLead(() => true)) LeadOnce(appender.Repair);
    }

    /// <summary>The index of a segment: the live one, the stored one, or one rebuilt from the segment.</summary>
    public SegmentIndex IndexOf(Segment segment)
    {
        var live = appender.Index;
        if (live.BaseOffset == segment.BaseOffset) return live;
        if (SegmentIndex.TryLoad(files, segment.IndexPath, segment.BaseOffset, segment.Bytes, options.IndexIntervalBytes) is { } stored)
        {
            return stored;
        }

        using var file = files.Open(segment.Path, FileOpen.Read);
        return SegmentScan.Run(file, segment.BaseOffset, options.IndexIntervalBytes).Index;
    }

    public void Watch(WakeSignal signal)
    {
        lock (gate) watchers = [.. watchers, signal];
    }

    public void Unwatch(WakeSignal signal)
    {
        lock (gate) watchers = [.. watchers.Where(w => w != signal)];
    }

    /// <summary>
    /// Begins a new segment if the last one holds records all older than the time, so that it can be deleted.
    /// Leaves it alone while appends are under way: it is then not idle.
    /// </summary>
    public void RollIfOlder(long timestampMs)
    {
        if (!TryLead(() => appender.Index.SegmentBytes > 0 && appender.Index.MaxTimestamp < timestampMs)) return;
        LeadOnce(() =>
        {
            appender.Roll();
            Publish();
        });
    }

    /// <summary>Takes the first segments out of sight, then deletes their files; a reader inside one reads on to its end.</summary>
    public void DeleteFirst(int count)
    {
        Segment[] gone;
        lock (gate)
        {
            count = Math.Min(count, segments.Length - 1);
            gone = segments[..count];
            segments = segments[count..];
        }

        foreach (var segment in gone)
        {
            files.DeleteFile(segment.Path);
            if (files.FileExists(segment.IndexPath)) files.DeleteFile(segment.IndexPath);
        }
    }

    /// <summary>Refuses new appends, lets those under way finish, then closes the files: flushed, unless they are to be deleted.</summary>
    public async Task CloseAsync(TidemillException reason, bool flush)
    {
        Task finished = Task.CompletedTask;
        lock (gate)
        {
            if (refusal is not null) return;
            refusal = reason;
            if (committing) finished = (idle = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        await finished.ConfigureAwait(false);
        Wake();
        if (flush) appender.Close();
        else appender.Dispose();
    }

    /// <summary>Closes the files as they are, when opening something else failed.</summary>
    public void Dispose() => appender.Dispose();

    // A write without an fsync is short, so the caller makes it itself; waiting for a disk belongs on another thread.
    private void Lead(Acknowledgement acknowledgement)
    {
        if (acknowledgement == Acknowledgement.Durable || CommitGroup()) ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private bool TryLead(Func<bool> stillWanted)
    {
        lock (gate)
        {
            if (committing || refusal is not null || !stillWanted()) return false;
            return committing = true;
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
            while (done < group.Count)
            {
                int count = appender.Reserve(group, done);
                appender.Append(group, done, count, durable);
                Publish();
                for (int last = done + count; done < last; done++) group[done].Complete();
            }
        }
        catch (Exception error)
        {
            FailAll(group[done..], AppendError(error));
        }

        group.Clear();
        lock (gate)
        {
            if (pending.Count > 0) return true;
            committing = false;
            idle?.SetResult();
            return false;
        }
    }

    private bool TakeGroup()
    {
        bool durable = false;
        long bytes = 0;
        lock (gate)
        {
            while (group.Count < MaxGroupBatches && bytes < MaxGroupBytes && pending.TryDequeue(out var next))
            {
                group.Add(next);
                bytes += next.Batch.Length;
                durable |= next.Acknowledgement == Acknowledgement.Durable;
            }
        }

        return durable;
    }

    private void Publish()
    {
        var last = appender.Segment;
        lock (gate)
        {
            if (segments[^1] != last) segments = [.. segments, last];
        }

        end = new LogEnd(last, appender.Index.SegmentBytes, appender.Index.NextOffset);
        Wake();
        if (appender.UnflushedBytes >= options.FlushBytes && Interlocked.Exchange(ref flushing, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static partition => partition.FlushAhead(), this, preferLocal: false);
        }
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
            Volatile.Write(ref flushing, 0);
        }
    }

    private void Wake()
    {
        foreach (var watcher in Volatile.Read(ref watchers)) watcher.Set();
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
