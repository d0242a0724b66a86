using System.Runtime.InteropServices;

namespace Tidemill.DuckDb.Native;

/// <summary>
/// How DuckDB's allocator (jemalloc, in Linux builds) keeps freed memory: not at all. Its default holds it for ten seconds and
/// longer, as nothing is given back while nothing is allocated; a stream's batches then leave 40 MB and more behind. Measured
/// with streams and models: no difference in time.
/// </summary>
/// <remarks>Source: jemalloc(3), dirty_decay_ms and muzzy_decay_ms; the variable's name is DuckDB's (docs, internals, jemalloc).</remarks>
internal static partial class AllocatorSettings
{
    public const string Variable = "DUCKDB_JE_MALLOC_CONF";

    private const string Settings = "dirty_decay_ms:0,muzzy_decay_ms:0";

    /// <summary>To be called before the library is loaded: it reads the variable once. What the user has set stays.</summary>
    public static void Apply()
    {
        // The runtime's own setting of variables does not reach native code.
        if (OperatingSystem.IsLinux())
        {
            _ = SetVariable(Variable, Settings, overwrite: 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetVariable(string name, string value, int overwrite);
}
