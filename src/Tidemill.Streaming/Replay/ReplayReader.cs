using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Replay;

/// <summary>
/// Reads a range again, batch by batch. Records whose dead letter was replayed come with the value that was sent; records
/// with an open or discarded letter are left out: open ones are replayed as letters. A letter of some sinks comes as a batch of its own
/// for these, and the record as it is for the others.
/// </summary>
internal sealed class ReplayReader(ILog log, LetterIndex letters)
{
    private const int MaxRecords = 65_536;
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(30);

    public async IAsyncEnumerable<MicroBatch> ReadAsync(
        OffsetRange range, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var consumer = log.CreateConsumer(
            new ConsumerOptions { Assignment = [new RecordPosition(range.Partition, range.Start)] });
        var next = range.Start;
        while (next < range.End)
        {
            using var runs = new Runs();
            var batches = new ReplayBatches(range.Partition, next, letters);
            while (next < range.End && runs.Records < MaxRecords)
            {
                var run = await consumer.PollAsync(ReadTimeout, cancellationToken) ?? throw new TidemillException(
                    ErrorCode.TimedOut, $"{range.Partition}: no record came from offset {next} within {ReadTimeout.TotalSeconds} s.");
                runs.Add(run);
                next = run.Next < range.End ? run.Next : range.End;
                await batches.AddAsync(run, range.End, cancellationToken);
            }

            foreach (var batch in batches.Complete(next))
                yield return batch;
        }
    }

    /// <summary>What the batches lie in.</summary>
    private sealed class Runs : IDisposable
    {
        private readonly List<FetchedRecords> _runs = [];

        public int Records => _runs.Sum(r => r.Records.Length);

        public void Add(FetchedRecords run) => _runs.Add(run);

        public void Dispose() => _runs.ForEach(run => run.Dispose());
    }
}
