using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

internal sealed class LogicalTypeHandle : DuckDbHandle
{
    public LogicalTypeHandle(nint type) => SetHandle(type);

    /// <summary>The raw pointer; valid while this handle is not disposed.</summary>
    public nint Value => handle;

    protected override bool ReleaseHandle()
    {
        DuckDbApi.duckdb_destroy_logical_type(ref handle);
        return true;
    }
}
