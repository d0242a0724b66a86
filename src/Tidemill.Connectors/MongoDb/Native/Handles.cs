using Microsoft.Win32.SafeHandles;

namespace Tidemill.Connectors.MongoDb.Native;

internal sealed class PoolHandle() : SafeHandleZeroOrMinusOneIsInvalid(true)
{
    protected override bool ReleaseHandle()
    {
        MongocApi.mongoc_client_pool_destroy(handle);
        return true;
    }
}

internal sealed class CollectionHandle() : SafeHandleZeroOrMinusOneIsInvalid(true)
{
    protected override bool ReleaseHandle()
    {
        MongocApi.mongoc_collection_destroy(handle);
        return true;
    }
}

internal sealed class CursorHandle() : SafeHandleZeroOrMinusOneIsInvalid(true)
{
    protected override bool ReleaseHandle()
    {
        MongocApi.mongoc_cursor_destroy(handle);
        return true;
    }
}

/// <summary>A session; destroying it aborts a transaction that is under way.</summary>
internal sealed class SessionHandle() : SafeHandleZeroOrMinusOneIsInvalid(true)
{
    protected override bool ReleaseHandle()
    {
        MongocApi.mongoc_client_session_destroy(handle);
        return true;
    }
}
