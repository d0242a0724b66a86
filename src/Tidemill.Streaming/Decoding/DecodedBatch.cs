using Tidemill.Core.Schemas;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// The rows of a micro-batch in record order, and the records that gave none. The chunks belong to the decoder, which
/// fills them again after Dispose: everything that reads them, a query's undrained result included, must be done by then.
/// The fetches may be disposed earlier; no cell points into them.
/// </summary>
public sealed class DecodedBatch : IDisposable
{
    private readonly BatchDecoder _owner;
    private readonly FetchIndex _fetches;
    private Slice[] _slices;

    internal DecodedBatch(BatchDecoder owner, FetchIndex fetches, IReadOnlyList<SliceResult> results)
    {
        this._owner = owner;
        this._fetches = fetches;
        var filled = new List<Slice>(results.Count);
        var rejected = new List<RejectedRecord>();
        foreach (var result in results)
        {
            if (result.Writer.Rows > 0)
            {
                filled.Add(new Slice(result.Writer, Rows, result.FirstRecord, result.Rejected ?? []));
                Rows += result.Writer.Rows;
            }
            else
            {
                owner.Return(result.Writer);
            }

            rejected.AddRange(result.Rejected ?? []);
        }

        _slices = [.. filled];
        Chunks = [.. filled.Select(slice => slice.Writer.Chunk)];
        Rejected = rejected;
    }

    public Schema Schema => _owner.Schema;

    /// <summary>None is empty; those before the last may be partly filled, by as many rows as records were rejected.</summary>
    public IReadOnlyList<DataChunk> Chunks { get; }

    /// <summary>Rows of all chunks.</summary>
    public int Rows { get; }

    /// <summary>In record order.</summary>
    public IReadOnlyList<RejectedRecord> Rejected { get; }

    /// <summary>The record that row number <paramref name="row"/> of all chunks, from 0, came from.</summary>
    public RecordIndex Source(int row)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        var low = 0;
        var high = _slices.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = _slices[middle].FirstRow <= row ? (middle, high) : (low, middle - 1);
        }

        return Source(low, row - _slices[low].FirstRow);
    }

    /// <summary>The record that a row of a chunk came from.</summary>
    public RecordIndex Source(int chunk, int row)
    {
        var slice = _slices[chunk];
        var record = slice.FirstRecord + row;

        // Each rejected record at or before the row's own moved it one further.
        foreach (var rejected in slice.Rejected)
        {
            if (_fetches.Number(rejected.Index) > record)
                break;

            record++;
        }

        return _fetches.Find(record);
    }

    public void Dispose()
    {
        foreach (var slice in Interlocked.Exchange(ref _slices, []))
            _owner.Return(slice.Writer);
    }

    private sealed record Slice(ChunkWriter Writer, int FirstRow, int FirstRecord, IReadOnlyList<RejectedRecord> Rejected);
}

/// <summary>What decoding a run of records, numbered through all fetches, gave.</summary>
internal sealed record SliceResult(ChunkWriter Writer, int FirstRecord, IReadOnlyList<RejectedRecord>? Rejected);
