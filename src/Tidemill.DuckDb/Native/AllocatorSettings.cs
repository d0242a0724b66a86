using System.Runtime.InteropServices;

namespace Tidemill.DuckDb.Native;

/// <summary>
/// How freed native memory is kept on Linux. DuckDB's own allocator for rows (jemalloc) keeps none: its default holds it for ten seconds
/// and longer, as nothing is given back while nothing is allocated; a stream's batches then leave 40 MB and more behind. What
/// describes tables and queries comes from the C library, which makes an arena a thread, up to eight a core, and cannot
/// give back what lies between blocks in use: one a core wastes less. Measured with streams and models: no difference in time.
/// </summary>
/// <remarks>
/// Sources: jemalloc(3), dirty_decay_ms and muzzy_decay_ms; the variable's name is DuckDB's (docs, internals, jemalloc). mallopt(3),
/// M_ARENA_MAX.
/// </remarks>
internal static partial class AllocatorSettings
{
    public const string Variable = "DUCKDB_JE_MALLOC_CONF";

    private const string ArenasVariable = "MALLOC_ARENA_MAX";

    private const int ArenasOption = -8;

    private const string Settings = "dirty_decay_ms:0,muzzy_decay_ms:0";

    /// <summary>To be called before the library is loaded: it reads its variable once. What the user has set stays.</summary>
    public static void Apply()
    {
        // The runtime's own setting of variables does not reach native code.
        if (OperatingSystem.IsLinux())
        {
            _ = SetVariable(Variable, Settings, overwrite: 0);
            LimitArenas();
        }
    }

    private static void LimitArenas()
    {
        if (Environment.GetEnvironmentVariable(ArenasVariable) is not null)
            return;

        try
        {
            _ = SetOption(ArenasOption, Math.Max(2, Environment.ProcessorCount));
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library than GNU's has no arenas.
        }
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetVariable(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "mallopt")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetOption(int option, int value);
}
