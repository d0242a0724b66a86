using Tidemill.Core.Logs;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Replay;

/// <summary>Cuts runs of records into batches, in the records' order, with what became of their dead letters.</summary>
internal sealed class ReplayBatches(
    TopicPartition partition, LogOffset start, IReadOnlyDictionary<RecordPosition, DeadLetter> letters)
{
    private readonly List<MicroBatch> _batches = [];
    private List<FetchedRecords> _parts = [];
    private LogOffset _start = start;

    /// <summary>Takes the run's records before <paramref name="end"/> in.</summary>
    public void Add(FetchedRecords run, LogOffset end)
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
                _parts.Add(new FetchedSlice(run, from, i - from));

            if (isEnd)
                return;

            AddLetter(letter!, run, i);
            from = i + 1;
        }
    }

    /// <summary>All batches; the last one ends at <paramref name="end"/>.</summary>
    public IReadOnlyList<MicroBatch> Complete(LogOffset end)
    {
        Cut(end);
        return _batches;
    }

    private void AddLetter(DeadLetter letter, FetchedRecords run, int index)
    {
        var replayed = letter.Status == DeadLetterStatus.Replayed;
        if (letter.Sinks is null)
        {
            if (replayed) _parts.Add(new LetterRecords(letter));
            return;
        }

        Cut(letter.Position.Offset);
        var ranges = new[] { new OffsetRange(partition, letter.Position.Offset, letter.Position.Offset.Plus(1)) };
        _batches.Add(new MicroBatch([new FetchedSlice(run, index, 1)])
        {
            Ranges = ranges,
            ForSink = sink => !letter.Concerns(sink),
            IsFollowed = replayed,
        });
        if (replayed)
            _batches.Add(new MicroBatch([new LetterRecords(letter)]) { Ranges = ranges, ForSink = letter.Concerns });

        _start = ranges[0].End;
    }

    private void Cut(LogOffset end)
    {
        if (_start < end)
            _batches.Add(new MicroBatch(_parts) { Ranges = [new OffsetRange(partition, _start, end)] });

        (_parts, _start) = ([], end);
    }
}
