using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

/// <summary>Destroying an appender flushes it, so rows that nobody flushed are dropped first.</summary>
internal sealed class AppenderHandle : DuckDbHandle
{
    protected override bool ReleaseHandle()
    {
        _ = DuckDbApi.duckdb_appender_clear(handle);
        _ = DuckDbApi.duckdb_appender_destroy(ref handle);
        return true;
    }
}
