using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// Gathers polled records into micro-batches bounded by records, bytes and time. Each holds one partition only where a sink
/// asks for that; runs of other partitions are then held for the batches after it, which may be full at once. While some
/// sink is ahead of another (a sink was added, or a crash fell between two commits), batches hold one partition and end
/// where a sink's checkpoint lies, so that each sink takes a batch whole or not at all.
/// </summary>
internal sealed class BatchCollector(
    ILogConsumer consumer, SinkPositions positions, BatchDefinition bounds, TimeProvider time, bool onePartition = false) : IDisposable
{
    private static readonly TimeSpan IdleWait = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<TopicPartition, long> _epochs = [];

    // In the order of arrival; the runs of one partition follow each other without a gap.
    private readonly List<HeldRun> _held = [];

    /// <summary>The next batch, or null when nothing came for a while.</summary>
    public async ValueTask<MicroBatch?> CollectAsync(CancellationToken cancellationToken)
    {
        var runs = new List<FetchedRecords>();
        try
        {
            var since = _held.Count > 0 ? _held[0].Since : (long?)null;
            if ((TakeHeld(null) ?? await consumer.PollAsync(IdleWait, cancellationToken)) is not { } first)
                return null;

            // A run that was held has waited already: its batch is written the sooner.
            since ??= time.GetTimestamp();
            Take(first, runs, since.Value);
            await FillAsync(runs, since.Value, cancellationToken);
            DropRevoked(runs);
            return runs.Count == 0 ? null : new MicroBatch([.. runs]) { Ranges = positions.Advance(runs) };
        }
        catch
        {
            runs.ForEach(run => run.Dispose());
            throw;
        }
    }

    /// <summary>Gives up what was polled and not handed out; batches handed out must be gone.</summary>
    public void Dispose()
    {
        _held.ForEach(held => held.Run.Dispose());
        _held.Clear();
    }

    /// <summary>A partition that left while the batch was filling, even if it came back, is read again from its checkpoint.</summary>
    private void DropRevoked(List<FetchedRecords> runs)
    {
        runs.RemoveAll(run =>
        {
            var stale = _epochs[run.Partition] != positions.Epoch(run.Partition);
            if (stale)
                run.Dispose();

            return stale;
        });
    }

    private async ValueTask FillAsync(List<FetchedRecords> runs, long since, CancellationToken cancellationToken)
    {
        long records = runs[0].Records.Length;
        var bytes = runs[0].Bytes;
        while (records < bounds.MaxRecords && bytes + _held.Sum(h => h.Run.Bytes) < bounds.MaxBytes && !positions.CatchingUp)
        {
            var run = TakeHeld(runs[0].Partition);
            var left = bounds.MaxWait - time.GetElapsedTime(since);
            run ??= left > TimeSpan.Zero ? await consumer.PollAsync(left, cancellationToken) : null;
            if (run is null)
                return;

            if (onePartition && run.Partition != runs[0].Partition)
            {
                _held.Add(new HeldRun(run, positions.Epoch(run.Partition), time.GetTimestamp()));
                continue;
            }

            records += run.Records.Length;
            bytes += run.Bytes;
            Take(run, runs, since);
        }
    }

    /// <summary>The first run held of the partition, or of any; those of partitions that left are given up.</summary>
    private FetchedRecords? TakeHeld(TopicPartition? partition)
    {
        for (var i = 0; i < _held.Count;)
        {
            var held = _held[i];
            if (positions.Epoch(held.Run.Partition) != held.Epoch)
            {
                held.Run.Dispose();
                _held.RemoveAt(i);
            }
            else if (partition is null || held.Run.Partition == partition)
            {
                _held.RemoveAt(i);
                return held.Run;
            }
            else
            {
                i++;
            }
        }

        return null;
    }

    /// <summary>Adds the run, cut at the next sink's checkpoint when one lies inside it; the rest is held for the next batch.</summary>
    private void Take(FetchedRecords run, List<FetchedRecords> runs, long since)
    {
        if (!runs.Exists(r => r.Partition == run.Partition))
            _epochs[run.Partition] = positions.Epoch(run.Partition);

        var cut = positions.CatchingUp ? positions.CutInside(run) : -1;
        if (cut < 0)
        {
            runs.Add(run);
            return;
        }

        runs.Add(new FetchedSlice(run, 0, cut));
        _held.Insert(0, new HeldRun(new FetchedRest(run, cut), _epochs[run.Partition], since));
    }

    /// <summary>A run that waits for a later batch, the epoch in which it came, and when.</summary>
    private sealed record HeldRun(FetchedRecords Run, long Epoch, long Since);

    /// <summary>The rest of a cut run: owns the whole.</summary>
    private sealed class FetchedRest(FetchedRecords whole, int start) : FetchedRecords
    {
        private readonly FetchedSlice _slice = new(whole, start, whole.Records.Length - start);

        public override TopicPartition Partition => _slice.Partition;

        public override ReadOnlySpan<RecordRef> Records => _slice.Records;

        public override LogOffset Next => _slice.Next;

        public override long Bytes => _slice.Bytes;

        public override IReadOnlyList<RecordHeader> Headers(int index) => _slice.Headers(index);

        protected override void Dispose(bool disposing) => whole.Dispose();
    }
}
