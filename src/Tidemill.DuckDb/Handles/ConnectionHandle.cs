using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

internal sealed class ConnectionHandle : DuckDbHandle
{
    protected override bool ReleaseHandle()
    {
        DuckDbApi.duckdb_disconnect(ref handle);
        return true;
    }
}
