using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

internal sealed class ExtractedStatementsHandle : DuckDbHandle
{
    protected override bool ReleaseHandle()
    {
        DuckDbApi.duckdb_destroy_extracted(ref handle);
        return true;
    }
}
