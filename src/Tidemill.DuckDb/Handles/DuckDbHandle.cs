using System.Runtime.InteropServices;

namespace Tidemill.DuckDb.Handles;

/// <summary>
/// A native object owned by us and destroyed exactly once. DuckDB counts references inside: a statement keeps its
/// connection's context alive and that keeps the database alive, so handles may be released in any order, also by
/// the finalizer thread; a database file is closed when the last of them is gone.
/// </summary>
internal abstract class DuckDbHandle() : SafeHandle(0, ownsHandle: true)
{
    public override bool IsInvalid => handle == 0;
}
