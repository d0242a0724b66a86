using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

internal sealed class DataChunkHandle : DuckDbHandle
{
    public DataChunkHandle()
    {
    }

    /// <summary>Takes ownership of a chunk that duckdb_fetch_chunk returned.</summary>
    public DataChunkHandle(nint chunk) => SetHandle(chunk);

    protected override bool ReleaseHandle()
    {
        DuckDbApi.duckdb_destroy_data_chunk(ref handle);
        return true;
    }
}
