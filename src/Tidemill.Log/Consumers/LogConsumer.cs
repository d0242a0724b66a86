using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Groups;

namespace Tidemill.Log.Consumers;

/// <summary>
/// Reads the partitions given to it, or those its group assigns. Reads happen on the caller's thread; when there is
/// nothing to read it waits for a signal from the partitions or the group.
/// </summary>
internal sealed class LogConsumer : ILogConsumer
{
    private readonly EmbeddedLog log;
    private readonly ConsumerOptions options;
    private readonly TimeProvider time;
    private readonly GroupMember? member;
    private readonly WakeSignal signal = new();
    private readonly List<PartitionCursor> cursors = [];
    private int turn;
    private bool disposed;

    public LogConsumer(EmbeddedLog log, ConsumerOptions options, TimeProvider time)
    {
        this.log = log;
        this.options = options;
        this.time = time;
        Check(options.MaxPollRecords > 0 && options.MaxPollBytes > 0, "MaxPollRecords and MaxPollBytes are at least 1");
        Check(options.Group is null || options.Listener is not null, "A consumer with a group needs a listener");
        if (options.Group is { } group)
        {
            CheckTopics(options.Topics);
            member = log.Group(group).Join(options.Topics, signal);
            return;
        }

        foreach (var position in options.Assignment) Add(position.Partition, position.Offset);
    }

    public IReadOnlyCollection<TopicPartition> Assignment => [.. cursors.Select(c => c.Partition.Partition)];

    public async ValueTask<FetchedRecords?> PollAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        long started = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Check(!disposed, "The consumer is closed");
            signal.Reset();
            if (member is { IsBehind: true }) await RebalanceAsync(cancellationToken).ConfigureAwait(false);
            if (Fetch() is { } records) return records;
            log.ThrowIfClosed();
            if (member is not null) CheckTopics(options.Topics);
            var left = maxWait - time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return null;
            await signal.WaitAsync(left, time, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Pause(IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, true);

    public void Resume(IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, false);

    public void Seek(RecordPosition position) => Cursor(position.Partition).Seek(position.Offset.Value);

    public ValueTask CommitAsync(IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken)
    {
        member?.Commit(positions);
        return default;
    }

    /// <summary>Leaves the group without a callback: the caller has already finished or given up its work.</summary>
    public ValueTask DisposeAsync()
    {
        if (disposed) return default;
        disposed = true;
        foreach (var cursor in cursors.ToArray()) Remove(cursor);
        member?.Leave();
        return default;
    }

    private RecordRun? Fetch()
    {
        for (int i = 0; i < cursors.Count; i++)
        {
            turn = (turn + 1) % cursors.Count;
            var cursor = cursors[turn];
            if (!cursor.IsPaused && cursor.TryFetch(options.MaxPollRecords, options.MaxPollBytes) is { } records) return records;
        }

        return null;
    }

    // A group member without partitions must still hear of a deleted topic or a closed log.
    private void CheckTopics(IReadOnlyList<string> topics)
    {
        foreach (string topic in topics) log.Topic(topic);
    }

    private async ValueTask RebalanceAsync(CancellationToken cancellationToken)
    {
        var change = member!.NextChange();
        if (change.Revoked.Count > 0)
        {
            await options.Listener!.RevokedAsync(change.Revoked, lost: false, cancellationToken).ConfigureAwait(false);
            foreach (var partition in change.Revoked) Remove(Cursor(partition));
            member.Release(change.Revoked);
        }

        if (change.Assigned.Count > 0) await AssignAsync(change.Assigned, cancellationToken).ConfigureAwait(false);
        member.CaughtUp(change);
    }

    private async ValueTask AssignAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        try
        {
            var positions = await options.Listener!.AssignedAsync(partitions, cancellationToken).ConfigureAwait(false);
            foreach (var partition in partitions) Add(partition, positions.TryGetValue(partition, out var at) ? at : StartOf(partition));
        }
        catch
        {
            foreach (var cursor in cursors.Where(c => partitions.Contains(c.Partition.Partition)).ToArray()) Remove(cursor);
            member!.Release(partitions);
            throw;
        }
    }

    private LogOffset StartOf(TopicPartition partition)
    {
        var found = log.Partition(partition);
        return new LogOffset(options.Start == StartPosition.Earliest ? found.Earliest : found.End.Offset);
    }

    private void Add(TopicPartition partition, LogOffset offset)
    {
        var found = log.Partition(partition);
        var cursor = new PartitionCursor(found, log.Buffers);
        cursor.Seek(offset.Value);
        found.Watch(signal);
        cursors.Add(cursor);
    }

    private void Remove(PartitionCursor cursor)
    {
        cursor.Partition.Unwatch(signal);
        cursors.Remove(cursor);
        cursor.Dispose();
    }

    private void SetPaused(IReadOnlyCollection<TopicPartition> partitions, bool paused)
    {
        foreach (var partition in partitions) Cursor(partition).IsPaused = paused;
        signal.Set();
    }

    private PartitionCursor Cursor(TopicPartition partition) =>
        cursors.Find(c => c.Partition.Partition == partition)
        ?? throw new TidemillException(ErrorCode.InvalidRequest, $"{partition} is not assigned to this consumer.");

    private static void Check(bool holds, string problem)
    {
        if (!holds) throw new TidemillException(ErrorCode.InvalidRequest, $"{problem}.");
    }
}
