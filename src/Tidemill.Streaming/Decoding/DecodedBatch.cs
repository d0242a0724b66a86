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
    private readonly BatchDecoder owner;
    private readonly FetchIndex fetches;
    private Slice[] slices;

    internal DecodedBatch(BatchDecoder owner, FetchIndex fetches, IReadOnlyList<SliceResult> results)
    {
        this.owner = owner;
        this.fetches = fetches;
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

        slices = [.. filled];
        Chunks = [.. filled.Select(slice => slice.Writer.Chunk)];
        Rejected = rejected;
    }

    public Schema Schema => owner.Schema;

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
        var high = slices.Length - 1;
        while (low < high)
        {
            var middle = (low + high + 1) / 2;
            (low, high) = slices[middle].FirstRow <= row ? (middle, high) : (low, middle - 1);
        }

        return Source(low, row - slices[low].FirstRow);
    }

    /// <summary>The record that a row of a chunk came from.</summary>
    public RecordIndex Source(int chunk, int row)
    {
        var slice = slices[chunk];
        var record = slice.FirstRecord + row;

        // Each rejected record at or before the row's own moved it one further.
        foreach (var rejected in slice.Rejected)
        {
            if (fetches.Number(rejected.Index) > record)
            {
                break;
            }

            record++;
        }

        return fetches.Find(record);
    }

    public void Dispose()
    {
        foreach (var slice in Interlocked.Exchange(ref slices, []))
        {
            owner.Return(slice.Writer);
        }
    }

    private sealed record Slice(ChunkWriter Writer, int FirstRow, int FirstRecord, IReadOnlyList<RejectedRecord> Rejected);
}

/// <summary>What decoding a run of records, numbered through all fetches, gave.</summary>
internal sealed record SliceResult(ChunkWriter Writer, int FirstRecord, IReadOnlyList<RejectedRecord>? Rejected);
