using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Scans;

/// <summary>
/// One scan of one query: the chunks it reads and the next to hand out. Threads share it. It holds a reference on
/// each chunk's memory, so a chunk disposed too early is still memory.
/// </summary>
internal sealed class ScanState : IDisposable
{
    private readonly DataChunk[] _chunks;
    private readonly int[] _columns;
    private int _held;
    private int _next;

    /// <param name="chunks">What to read.</param>
    /// <param name="columns">The source's column for each output column; -1 for one without data.</param>
    public ScanState(DataChunk[] chunks, int[] columns)
    {
        _chunks = chunks;
        _columns = columns;
        try
        {
            foreach (var chunk in chunks)
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
            var chunk = _chunks[index];
            var native = chunk.Handle.DangerousGetHandle();
            var size = DuckDbApi.duckdb_data_chunk_get_size(native);
            // Size 0 would end this thread's scan.
            if (size == 0) continue;
            var vectors = chunk.Vectors;
            for (var i = 0; i < _columns.Length; i++)
            {
                if (_columns[i] < 0) continue;
                var target = DuckDbApi.duckdb_data_chunk_get_vector(output, (ulong)i);
                DuckDbApi.duckdb_vector_reference_vector(target, vectors[_columns[i]]);
            }
            DuckDbApi.duckdb_data_chunk_set_size(output, size);
            return;
        }
    }

    public void Dispose()
    {
        for (; _held > 0; _held--) _chunks[_held - 1].Handle.DangerousRelease();
    }
}
