using Tidemill.Core.Logs;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Replay;

/// <summary>Cuts runs of records into batches, in the records' order, with what became of their dead letters.</summary>
internal sealed class ReplayBatches(TopicPartition partition, LogOffset start, LetterIndex letters)
{
    private readonly List<MicroBatch> _batches = [];
    private List<FetchedRecords> _parts = [];
    private LogOffset _start = start;

    /// <summary>Takes the run's records before <paramref name="end"/> in.</summary>
    public async Task AddAsync(FetchedRecords run, LogOffset end, CancellationToken cancellationToken)
    {
        var (there, count) = Letters(run, end);
        var replayed = new Dictionary<RecordPosition, DeadLetter>();
        if (there.Exists(l => l.Mark.Status == DeadLetterStatus.Replayed))
        {
            var range = new OffsetRange(partition, there[0].Mark.Position.Offset, there[^1].Mark.Position.Offset.Plus(1));
            await foreach (var letter in letters.ReplayedAsync(range, cancellationToken))
                replayed.Add(letter.Position, letter);
        }

        var from = 0;
        foreach (var (index, mark) in there)
        {
            AddSlice(run, from, index);
            AddLetter(mark, replayed.GetValueOrDefault(mark.Position), run, index);
            from = index + 1;
        }

        AddSlice(run, from, count);
    }

    /// <summary>All batches; the last one ends at <paramref name="end"/>.</summary>
    public IReadOnlyList<MicroBatch> Complete(LogOffset end)
    {
        Cut(end);
        return _batches;
    }

    /// <summary>The run's letters, each with its record's index, and how many records lie before the end.</summary>
    private (List<(int Index, LetterMark Mark)> Letters, int Count) Letters(FetchedRecords run, LogOffset end)
    {
        var found = new List<(int, LetterMark)>();
        var records = run.Records;
        var i = 0;
        for (; i < records.Length && records[i].Offset < end.Value; i++)
        {
            if (letters.Find(new RecordPosition(run.Partition, new LogOffset(records[i].Offset))) is { } mark)
                found.Add((i, mark));
        }

        return (found, i);
    }

    private void AddSlice(FetchedRecords run, int from, int end)
    {
        if (end > from)
            _parts.Add(new FetchedSlice(run, from, end - from));
    }

    /// <param name="mark">The letter.</param>
    /// <param name="replayed">The letter whole, when it was replayed.</param>
    /// <param name="run">Holds its record.</param>
    /// <param name="index">Which one that is.</param>
    private void AddLetter(LetterMark mark, DeadLetter? replayed, FetchedRecords run, int index)
    {
        if (mark.Sinks is null)
        {
            if (replayed is not null)
                _parts.Add(new LetterRecords(replayed));

            return;
        }

        Cut(mark.Position.Offset);
        var ranges = new[] { new OffsetRange(partition, mark.Position.Offset, mark.Position.Offset.Plus(1)) };
        _batches.Add(new MicroBatch([new FetchedSlice(run, index, 1)])
        {
            Ranges = ranges,
            ForSink = sink => !mark.Concerns(sink),
            IsFollowed = replayed is not null,
        });
        if (replayed is not null)
            _batches.Add(new MicroBatch([new LetterRecords(replayed)]) { Ranges = ranges, ForSink = mark.Concerns });

        _start = ranges[0].End;
    }

    private void Cut(LogOffset end)
    {
        if (_start < end)
            _batches.Add(new MicroBatch(_parts) { Ranges = [new OffsetRange(partition, _start, end)] });

        (_parts, _start) = ([], end);
    }
}
