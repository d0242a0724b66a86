using Tidemill.Core.Logs;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Verification;

/// <summary>Sorts a topic's records into rows expected, dead letters, and records that are neither.</summary>
/// <param name="firstRun">Number of the first run, where another reading has made some before.</param>
internal sealed class TopicReading(IExpectation expected, LetterIndex letters, long firstRun = 0)
{
    private const int RunRecords = 1024;

    private readonly List<CheckedRun> _runs = [];

    public long Records { get; private set; }

    public long DeadLetters { get; private set; }

    public long Rows { get; private set; }

    public List<RecordPosition> Missing { get; } = [];

    /// <summary>Runs added so far; the next has this number.</summary>
    public long Runs => firstRun + _runs.Count;

    /// <summary>Takes the records before <paramref name="end"/> in.</summary>
    public void Add(FetchedRecords fetched, LogOffset end, CancellationToken cancellationToken)
    {
        var pending = 0;
        var start = 0;
        var records = fetched.Records;
        for (var i = 0; i < records.Length && records[i].Offset < end.Value; i++)
        {
            Records++;
            if (letters.Find(new RecordPosition(fetched.Partition, new LogOffset(records[i].Offset))) is not null)
            {
                DeadLetters++;
                AddRun(fetched, start, pending, cancellationToken);
                (start, pending) = (i + 1, 0);
                continue;
            }

            if (++pending == RunRecords)
            {
                AddRun(fetched, start, pending, cancellationToken);
                (start, pending) = (i + 1, 0);
            }
        }

        AddRun(fetched, start, pending, cancellationToken);
    }

    /// <summary>Replayed letters have rows: those of the value that was sent.</summary>
    public async Task AddReplayedAsync(CancellationToken cancellationToken)
    {
        await foreach (var letter in letters.ReplayedAsync(cancellationToken))
        {
            using var record = new LetterRecords(letter);
            AddRun(record, 0, 1, cancellationToken);
        }
    }

    public string Describe(long run) => run < _runs.Count
        ? $"lost: a row of {_runs[(int)run].Partition}, offsets {_runs[(int)run].First} to {_runs[(int)run].Last}"
        : "lost: a row of a replayed dead letter";

    private void AddRun(FetchedRecords fetched, int start, int count, CancellationToken cancellationToken)
    {
        if (count == 0)
            return;

        using var slice = new FetchedSlice(fetched, start, count);
        Rows += expected.Take(Runs, slice, Missing, cancellationToken);
        _runs.Add(new CheckedRun(slice.Partition, slice.Records[0].Offset, slice.Records[^1].Offset));
    }
}
