using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// Gathers polled records into micro-batches bounded by records, bytes and time; each holds one partition only where a sink
/// asks for that. While some sink is ahead of another
/// (a sink was added, or a crash fell between two commits), batches hold one partition and end where a sink's
/// checkpoint lies, so that each sink takes a batch whole or not at all.
/// </summary>
internal sealed class BatchCollector(
    ILogConsumer consumer, SinkPositions positions, BatchDefinition bounds, TimeProvider time, bool onePartition = false) : IDisposable
{
    private static readonly TimeSpan IdleWait = TimeSpan.FromMilliseconds(500);

    private readonly Dictionary<TopicPartition, long> _epochs = [];
    private FetchedRecords? _held;

    /// <summary>The next batch, or null when nothing came for a while.</summary>
    public async ValueTask<MicroBatch?> CollectAsync(CancellationToken cancellationToken)
    {
        var runs = new List<FetchedRecords>();
        try
        {
            if (await NextRunAsync(IdleWait, cancellationToken) is not { } first)
            {
                return null;
            }

            Take(first, runs);
            await FillAsync(runs, cancellationToken);
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
        _held?.Dispose();
        _held = null;
    }

    /// <summary>A partition that left while the batch was filling, even if it came back, is read again from its checkpoint.</summary>
    private void DropRevoked(List<FetchedRecords> runs)
    {
        runs.RemoveAll(run =>
        {
            var stale = _epochs[run.Partition] != positions.Epoch(run.Partition);
            if (stale)
            {
                run.Dispose();
            }

            return stale;
        });
    }

    private async ValueTask FillAsync(List<FetchedRecords> runs, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        long records = runs[0].Records.Length;
        var bytes = runs[0].Bytes;
        while (records < bounds.MaxRecords && bytes < bounds.MaxBytes && !positions.CatchingUp && _held is null)
        {
            var left = bounds.MaxWait - time.GetElapsedTime(started);
            var run = left > TimeSpan.Zero ? await NextRunAsync(left, cancellationToken) : null;
            if (run is null)
            {
                return;
            }

            if (onePartition && run.Partition != runs[0].Partition)
            {
                Hold(run);
                return;
            }

            records += run.Records.Length;
            bytes += run.Bytes;
            Take(run, runs);
        }
    }

    /// <summary>Keeps the run for the next batch.</summary>
    private void Hold(FetchedRecords run)
    {
        _epochs[run.Partition] = positions.Epoch(run.Partition);
        _held = run;
    }

    private async ValueTask<FetchedRecords?> NextRunAsync(TimeSpan maxWait, CancellationToken cancellationToken)
    {
        if (_held is { } held)
        {
            _held = null;
            if (positions.Epoch(held.Partition) == _epochs[held.Partition])
            {
                return held;
            }

            held.Dispose();
        }

        return await consumer.PollAsync(maxWait, cancellationToken);
    }

    /// <summary>Adds the run, cut at the next sink's checkpoint when one lies inside it; the rest is held for the next batch.</summary>
    private void Take(FetchedRecords run, List<FetchedRecords> runs)
    {
        if (!runs.Exists(r => r.Partition == run.Partition))
        {
            _epochs[run.Partition] = positions.Epoch(run.Partition);
        }

        var cut = positions.CatchingUp ? positions.CutInside(run) : -1;
        if (cut < 0)
        {
            runs.Add(run);
            return;
        }

        runs.Add(new FetchedSlice(run, 0, cut));
        _held = new FetchedRest(run, cut);
    }

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
