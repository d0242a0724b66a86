using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

internal sealed class DatabaseHandle : DuckDbHandle
{
    protected override bool ReleaseHandle()
    {
        DuckDbApi.duckdb_close(ref handle);
        return true;
    }
}
