using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

internal sealed class StatementHandle : DuckDbHandle
{
    protected override bool ReleaseHandle()
    {
        DuckDbApi.duckdb_destroy_prepare(ref handle);
        return true;
    }
}
