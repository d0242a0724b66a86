using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Decoding;

/// <summary>Numbers the records of several fetches from 0 through.</summary>
internal sealed class FetchIndex
{
    /// <summary>Number of each fetch's first record, then the number of all.</summary>
    private readonly int[] _starts;

    public FetchIndex(IReadOnlyList<FetchedRecords> fetches)
    {
        _starts = new int[fetches.Count + 1];
        for (var i = 0; i < fetches.Count; i++)
            _starts[i + 1] = checked(_starts[i] + fetches[i].Records.Length);
    }

    public int Count => _starts[^1];

    public int Number(RecordIndex index) => _starts[index.Fetch] + index.Record;

    public RecordIndex Find(int number)
    {
        var found = Array.BinarySearch(_starts, number);
        var fetch = found >= 0 ? found : ~found - 1;

        // Empty fetches share their start with the next one, which holds the record.
        while (_starts[fetch + 1] == number)
            fetch++;

        return new RecordIndex(fetch, number - _starts[fetch]);
    }
}
