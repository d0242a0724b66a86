using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Replay;

/// <summary>
/// Reads a range again, batch by batch. Records whose dead letter was replayed come with the value that was sent; records
/// with an open or discarded letter are left out: open ones are replayed as letters.
/// </summary>
internal sealed class ReplayReader(ILog log, IReadOnlyDictionary<RecordPosition, DeadLetter> letters)
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
            var start = next;
            var runs = new Runs();
            var parts = new List<FetchedRecords>();
            while (next < range.End && runs.Records < MaxRecords)
            {
                var run = await consumer.PollAsync(ReadTimeout, cancellationToken) ?? throw new TidemillException(
                    ErrorCode.TimedOut, $"{range.Partition}: no record came from offset {next} within {ReadTimeout.TotalSeconds} s.");
                runs.Add(run);
                AddParts(run, range.End, parts);
                next = run.Next < range.End ? run.Next : range.End;
            }

            yield return new MicroBatch(parts) { Ranges = [new OffsetRange(range.Partition, start, next)], Whole = runs };
        }
    }

    private void AddParts(FetchedRecords run, LogOffset end, List<FetchedRecords> parts)
    {
        var from = 0;
        var records = run.Records;
        for (var i = 0; i <= records.Length; i++)
        {
            var isEnd = i == records.Length || records[i].Offset >= end.Value;
            var letter = isEnd ? null : letters.GetValueOrDefault(new RecordPosition(run.Partition, new LogOffset(records[i].Offset)));
            if (!isEnd && letter is null)
                continue;

            if (i > from)
                parts.Add(new FetchedSlice(run, from, i - from));

            if (isEnd)
                return;

            if (letter!.Status == DeadLetterStatus.Replayed)
                parts.Add(new LetterRecords(letter));

            from = i + 1;
        }
    }

    /// <summary>What the parts lie in.</summary>
    private sealed class Runs : IDisposable
    {
        private readonly List<FetchedRecords> _runs = [];

        public int Records => _runs.Sum(r => r.Records.Length);

        public void Add(FetchedRecords run) => _runs.Add(run);

        public void Dispose() => _runs.ForEach(run => run.Dispose());
    }
}
