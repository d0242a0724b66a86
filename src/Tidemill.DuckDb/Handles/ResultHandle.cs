using System.Runtime.InteropServices;
using Tidemill.DuckDb.Native;

namespace Tidemill.DuckDb.Handles;

/// <summary>A duckdb_result in native memory of ours; zeroed, so that destroying an unfilled one is harmless.</summary>
internal sealed unsafe class ResultHandle : DuckDbHandle
{
    // SAFETY: the block lives exactly as long as this handle; one thread at a time uses the result behind it.
    public ResultHandle() => SetHandle((nint)NativeMemory.AllocZeroed((nuint)sizeof(NativeResult)));

    public NativeResult* Pointer => (NativeResult*)handle;

    protected override bool ReleaseHandle()
    {
        // SAFETY: ReleaseHandle runs once, after the last user of the pointer.
        DuckDbApi.duckdb_destroy_result(Pointer);
        NativeMemory.Free(Pointer);
        return true;
    }
}
