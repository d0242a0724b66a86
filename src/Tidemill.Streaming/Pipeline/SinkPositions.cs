using System.Collections.Concurrent;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// Where reading stands and where each sink's checkpoint stood when its partitions were assigned. Reading starts at the
/// earliest checkpoint; a sink that is ahead leaves out what it holds already.
/// </summary>
internal sealed class SinkPositions
{
    private readonly ConcurrentDictionary<TopicPartition, LogOffset> _reading = new();
    private readonly ConcurrentDictionary<TopicPartition, LogOffset[]> _held = new();
    private readonly ConcurrentDictionary<TopicPartition, long> _epochs = new();

    /// <summary>True while some sink is ahead of the reading position of a partition.</summary>
    public bool CatchingUp => _held.Any(p => Array.Exists(p.Value, held => held > _reading[p.Key]));

    /// <summary>Grows each time the partition comes or leaves.</summary>
    public long Epoch(TopicPartition partition) => _epochs.GetValueOrDefault(partition);

    /// <summary>Takes a partition in: one position a sink, in the sinks' order.</summary>
    public LogOffset Assign(TopicPartition partition, LogOffset[] held)
    {
        var start = held.Min();
        _held[partition] = held;
        _reading[partition] = start;
        _epochs.AddOrUpdate(partition, 1, (_, epoch) => epoch + 1);
        return start;
    }

    public void Revoke(TopicPartition partition)
    {
        _held.TryRemove(partition, out _);
        _reading.TryRemove(partition, out _);
        _epochs.AddOrUpdate(partition, 1, (_, epoch) => epoch + 1);
    }

    /// <summary>True when the sink holds everything in the range since before this process read it.</summary>
    public bool Holds(int sink, OffsetRange range) =>
        _held.TryGetValue(range.Partition, out var held) && held[sink] >= range.End;

    /// <summary>Index of the first record at or after the nearest checkpoint inside the run, or -1.</summary>
    public int CutInside(FetchedRecords run)
    {
        var reading = _reading[run.Partition];
        var cuts = _held[run.Partition].Where(held => held > reading && held < run.Next).ToList();
        if (cuts.Count == 0)
            return -1;

        var cut = cuts.Min().Value;
        var records = run.Records;
        for (var i = 0; i < records.Length; i++)
        {
            if (records[i].Offset >= cut)
                return i == 0 ? -1 : i;
        }

        return -1;
    }

    /// <summary>The ranges that the runs cover, from where reading stood to after the last record; reading moves there.</summary>
    public IReadOnlyList<OffsetRange> Advance(IReadOnlyList<FetchedRecords> runs)
    {
        var ranges = new Dictionary<TopicPartition, OffsetRange>();
        foreach (var run in runs)
        {
            var start = ranges.TryGetValue(run.Partition, out var range) ? range.Start : _reading[run.Partition];
            ranges[run.Partition] = new OffsetRange(run.Partition, start, run.Next);
        }

        foreach (var range in ranges.Values)
            _reading[range.Partition] = range.End;

        return [.. ranges.Values];
    }
}
