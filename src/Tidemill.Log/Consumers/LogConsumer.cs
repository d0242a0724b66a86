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
    private readonly EmbeddedLog _log;
    private readonly ConsumerOptions _options;
    private readonly TimeProvider _time;
    private readonly GroupMember? _member;
    private readonly WakeSignal _signal = new();
    private readonly List<PartitionCursor> _cursors = [];
    private int _turn;
    private bool _disposed;

    public LogConsumer(EmbeddedLog log, ConsumerOptions options, TimeProvider time)
    {
        this._log = log;
        this._options = options;
        this._time = time;
        Check(options.MaxPollRecords > 0 && options.MaxPollBytes > 0, "MaxPollRecords and MaxPollBytes are at least 1");
        Check(options.Group is null || options.Listener is not null, "A consumer with a group needs a listener");
        if (options.Group is { } group)
        {
            CheckTopics(options.Topics);
            _member = log.Group(group).Join(options.Topics, _signal);
            return;
        }

        foreach (var position in options.Assignment) Add(position.Partition, position.Offset);
    }

    public IReadOnlyCollection<TopicPartition> Assignment => [.. _cursors.Select(c => c.Partition.Partition)];

    public async ValueTask<FetchedRecords?> PollAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        long started = _time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Check(!_disposed, "The consumer is closed");
            _signal.Reset();
            if (_member is { IsBehind: true }) await RebalanceAsync(cancellationToken);
            if (Fetch() is { } records) return records;
            _log.ThrowIfClosed();
            if (_member is not null) CheckTopics(_options.Topics);
            var left = maxWait - _time.GetElapsedTime(started);
            if (left <= TimeSpan.Zero) return null;
            await _signal.WaitAsync(left, _time, cancellationToken);
        }
    }

    public void Pause(IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, true);

    public void Resume(IReadOnlyCollection<TopicPartition> partitions) => SetPaused(partitions, false);

    public void Seek(RecordPosition position) => Cursor(position.Partition).Seek(position.Offset.Value);

    public ValueTask CommitAsync(IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken)
    {
        _member?.Commit(positions);
        return default;
    }

    /// <summary>Leaves the group without a callback: the caller has already finished or given up its work.</summary>
    public ValueTask DisposeAsync()
    {
        if (_disposed) return default;
        _disposed = true;
        foreach (var cursor in _cursors.ToArray()) Remove(cursor);
        _member?.Leave();
        return default;
    }

    private RecordRun? Fetch()
    {
        for (int i = 0; i < _cursors.Count; i++)
        {
            _turn = (_turn + 1) % _cursors.Count;
            var cursor = _cursors[_turn];
            if (!cursor.IsPaused && cursor.TryFetch(_options.MaxPollRecords, _options.MaxPollBytes) is { } records) return records;
        }

        return null;
    }

    // A group member without partitions must still hear of a deleted topic or a closed log.
    private void CheckTopics(IReadOnlyList<string> topics)
    {
        foreach (string topic in topics) _log.Topic(topic);
    }

    private async ValueTask RebalanceAsync(CancellationToken cancellationToken)
    {
        var change = _member!.NextChange();
        if (change.Revoked.Count > 0)
        {
            await _options.Listener!.RevokedAsync(change.Revoked, lost: false, cancellationToken);
            foreach (var partition in change.Revoked) Remove(Cursor(partition));
            _member.Release(change.Revoked);
        }

        if (change.Assigned.Count > 0) await AssignAsync(change.Assigned, cancellationToken);
        _member.CaughtUp(change);
    }

    private async ValueTask AssignAsync(IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        try
        {
            var positions = await _options.Listener!.AssignedAsync(partitions, cancellationToken);
            foreach (var partition in partitions) Add(partition, positions.TryGetValue(partition, out var at) ? at : StartOf(partition));
        }
        catch
        {
            foreach (var cursor in _cursors.Where(c => partitions.Contains(c.Partition.Partition)).ToArray()) Remove(cursor);
            _member!.Release(partitions);
            throw;
        }
    }

    private LogOffset StartOf(TopicPartition partition)
    {
        var found = _log.Partition(partition);
        return new LogOffset(_options.Start == StartPosition.Earliest ? found.Earliest : found.End.Offset);
    }

    private void Add(TopicPartition partition, LogOffset offset)
    {
        var found = _log.Partition(partition);
        var cursor = new PartitionCursor(found, _log.Buffers);
        cursor.Seek(offset.Value);
        found.Watch(_signal);
        _cursors.Add(cursor);
    }

    private void Remove(PartitionCursor cursor)
    {
        cursor.Partition.Unwatch(_signal);
        _cursors.Remove(cursor);
        cursor.Dispose();
    }

    private void SetPaused(IReadOnlyCollection<TopicPartition> partitions, bool paused)
    {
        foreach (var partition in partitions) Cursor(partition).IsPaused = paused;
        _signal.Set();
    }

    private PartitionCursor Cursor(TopicPartition partition) =>
        _cursors.Find(c => c.Partition.Partition == partition)
        ?? throw new TidemillException(ErrorCode.InvalidRequest, $"{partition} is not assigned to this consumer.");

    private static void Check(bool holds, string problem)
    {
        if (!holds) throw new TidemillException(ErrorCode.InvalidRequest, $"{problem}.");
    }
}
