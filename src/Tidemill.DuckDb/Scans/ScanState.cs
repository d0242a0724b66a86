using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Scans;

/// <summary>
/// One scan of one query: the chunks it reads and the next to hand out. Threads share it. It holds a reference on
/// each chunk's memory, so a chunk disposed too early is still memory.
/// </summary>
internal sealed unsafe class ScanState : IDisposable
{
    private readonly ChosenChunk[] _chunks;
    private readonly int[] _columns;
    private int _held;
    private int _next;

    /// <param name="chunks">What to read.</param>
    /// <param name="columns">The source's column for each output column; -1 for one without data.</param>
    public ScanState(ChosenChunk[] chunks, int[] columns)
    {
        _chunks = chunks;
        _columns = columns;
        try
        {
            foreach (var (chunk, _) in chunks)
            {
                var added = false;
                chunk.Handle.DangerousAddRef(ref added);
                _held++;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Lets the output reference the next chunk's vectors; size 0 at the end. Called by many threads.</summary>
    public void Next(nint output)
    {
        while (true)
        {
            var index = Interlocked.Increment(ref _next) - 1;
            if (index >= _chunks.Length)
            {
                DuckDbApi.duckdb_data_chunk_set_size(output, 0);
                return;
            }
            var (chunk, rows) = _chunks[index];
            var native = chunk.Handle.DangerousGetHandle();
            var size = rows is null ? DuckDbApi.duckdb_data_chunk_get_size(native) : (ulong)rows.Length;
            // Size 0 would end this thread's scan.
            if (size == 0) continue;
            var vectors = chunk.Vectors;
            for (var i = 0; i < _columns.Length; i++)
            {
                if (_columns[i] < 0) continue;
                var target = DuckDbApi.duckdb_data_chunk_get_vector(output, (ulong)i);
                DuckDbApi.duckdb_vector_reference_vector(target, vectors[_columns[i]]);
            }
            if (rows is not null) Choose(output, rows);
            DuckDbApi.duckdb_data_chunk_set_size(output, size);
            return;
        }
    }

    /// <summary>Lets each vector show the chosen rows of the memory that it references.</summary>
    private void Choose(nint output, uint[] rows)
    {
        var selection = DuckDbApi.duckdb_create_selection_vector((ulong)rows.Length);
        // SAFETY: DuckDB allocated that many numbers; each slice shares their ownership, so ours may end here.
        rows.CopyTo(new Span<uint>(DuckDbApi.duckdb_selection_vector_get_data_ptr(selection), rows.Length));
        for (var i = 0; i < _columns.Length; i++)
        {
            if (_columns[i] < 0) continue;
            DuckDbApi.duckdb_slice_vector(DuckDbApi.duckdb_data_chunk_get_vector(output, (ulong)i), selection, (ulong)rows.Length);
        }
        DuckDbApi.duckdb_destroy_selection_vector(selection);
    }

    public void Dispose()
    {
        for (; _held > 0; _held--) _chunks[_held - 1].Chunk.Handle.DangerousRelease();
    }
}
