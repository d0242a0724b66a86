using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

internal sealed class InstanceCacheHandle : DuckDbHandle
{
    protected override bool ReleaseHandle()
    {
        DuckDbApi.duckdb_destroy_instance_cache(ref handle);
        return true;
    }
}
