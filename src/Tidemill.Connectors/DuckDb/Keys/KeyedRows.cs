using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.DuckDb;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>Parts the rows of a batch by what a table holds of their keys. One writer's; its buffers are kept from batch to
/// batch.</summary>
internal sealed class KeyedRows
{
    private readonly UInt128[] _hashes = new UInt128[DataChunk.Capacity];
    private readonly bool[] _present = new bool[DataChunk.Capacity];
    private readonly uint[] _inserted = new uint[DataChunk.Capacity];
    private readonly uint[] _known = new uint[DataChunk.Capacity];
    private readonly HashSet<UInt128> _ofBatch = [];

    /// <summary>How many rows are chosen.</summary>
    public static long Count(Batch rows, IReadOnlyList<uint[]?> chosen) =>
        rows.Chunks.Zip(chosen, (chunk, numbers) => (long)(numbers?.Length ?? chunk.Size)).Sum();

    /// <summary>
    /// The numbers of the rows in each chunk whose key is new, which it is to be from now on; null for all rows of a chunk. Of equal keys
    /// the first is new. A NULL in the key equals nothing.
    /// </summary>
    /// <param name="table">Held, with its keys read.</param>
    /// <param name="rows">Rows with the columns and types of <see cref="KeyedTable.Load"/>.</param>
    /// <param name="columns">Where the key's columns stand.</param>
    /// <param name="orNull">Whether rows with a NULL in their key are to be among them.</param>
    /// <param name="flags">Unless empty, a flag a row: new or with a NULL.</param>
    public IReadOnlyList<uint[]?> TakeFirst(
        KeyedTable table, Batch rows, ReadOnlySpan<int> columns, bool orNull, Span<bool> flags = default)
    {
        var taken = new List<uint[]?>(rows.Chunks.Count);
        foreach (var chunk in rows.Chunks)
        {
            table.Hash.Compute(chunk, columns, _hashes, _present);
            var count = 0;
            for (var row = 0; row < chunk.Size; row++)
            {
                var isNew = _present[row] && table.Take(_hashes[row]);
                _inserted[count] = (uint)row;
                count += isNew || (orNull && !_present[row]) ? 1 : 0;
                if (!flags.IsEmpty)
                    flags[row] = isNew || !_present[row];
            }

            taken.Add(count == chunk.Size ? null : _inserted[..count]);
            flags = flags.IsEmpty ? flags : flags[chunk.Size..];
        }

        return taken;
    }

    /// <summary>
    /// Row numbers of each chunk to insert, whose keys are new and are added to the set, and row numbers whose key exists. Of equal keys
    /// the last row counts. Rows with a NULL in their key are inserted.
    /// </summary>
    /// <param name="table">Held, with its keys read.</param>
    /// <param name="rows">Rows with the columns and types of <see cref="KeyedTable.Load"/>.</param>
    /// <param name="columns">Where the key's columns stand.</param>
    /// <param name="areDistinct">Whether equal keys are an error.</param>
    /// <param name="replaces">Whether rows whose key the table holds are to be inserted as well, in place of the stored ones.</param>
    /// <exception cref="TidemillException">RowRejected: rows that should have distinct keys have equal ones.</exception>
    public (IReadOnlyList<uint[]?> Inserted, IReadOnlyList<uint[]?> Known) TakeLast(
        KeyedTable table, Batch rows, ReadOnlySpan<int> columns, bool areDistinct, bool replaces)
    {
        var (inserted, known) = (new uint[]?[rows.Chunks.Count], new uint[]?[rows.Chunks.Count]);
        _ofBatch.Clear();
        for (var i = rows.Chunks.Count - 1; i >= 0; i--)
        {
            table.Hash.Compute(rows.Chunks[i], columns, _hashes, _present);
            (inserted[i], known[i]) = TakeLast(table, rows.Chunks[i].Size, areDistinct, replaces);
        }

        return (inserted, known);
    }

    /// <summary>Of one chunk, from its end, so that the buffers fill from theirs and the numbers stand in order.</summary>
    private (uint[]? Inserted, uint[]? Known) TakeLast(KeyedTable table, int size, bool areDistinct, bool replaces)
    {
        var (firstInserted, firstKnown) = (DataChunk.Capacity, DataChunk.Capacity);
        for (var row = size - 1; row >= 0; row--)
        {
            if (_present[row] && !_ofBatch.Add(_hashes[row]))
            {
                if (areDistinct)
                {
                    throw new TidemillException(
                        ErrorCode.RowRejected, $"Rows of one batch to be merged into table {table.Name} have equal keys.");
                }

                continue;
            }

            var isNew = !_present[row] || table.Take(_hashes[row]);
            if (isNew || replaces)
                _inserted[--firstInserted] = (uint)row;

            if (!isNew)
                _known[--firstKnown] = (uint)row;
        }

        return (Chosen(_inserted, firstInserted, size), Chosen(_known, firstKnown, size));
    }

    private static uint[]? Chosen(uint[] numbers, int first, int size) => numbers.Length - first == size ? null : numbers[first..];
}
