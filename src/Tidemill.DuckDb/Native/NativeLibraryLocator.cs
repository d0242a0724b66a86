using System.Reflection;
using System.Runtime.InteropServices;

namespace Tidemill.DuckDb.Native;

/// <summary>
/// Finds libduckdb: the file named by TIDEMILL_DUCKDB_LIBRARY, else the program's folder, else the folder of this
/// assembly. The system's library path is not searched: another version there would fail in ways hard to read.
/// </summary>
internal static class NativeLibraryLocator
{
    public const string LibraryName = "duckdb";
    public const string Variable = "TIDEMILL_DUCKDB_LIBRARY";

    /// <summary>The file that was loaded; null before the first native call.</summary>
    public static string? LoadedPath { get; private set; }

    public static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraryLocator).Assembly, Resolve);

    internal static string FileName =>
        OperatingSystem.IsWindows() ? "duckdb.dll" : OperatingSystem.IsMacOS() ? "libduckdb.dylib" : "libduckdb.so";

    internal static IEnumerable<string> Candidates(string? configured, string programFolder, string assemblyFolder)
    {
        if (!string.IsNullOrWhiteSpace(configured))
        {
            yield return Path.GetFullPath(configured);
            yield break;
        }
        yield return Path.Combine(programFolder, FileName);
        yield return Path.Combine(programFolder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", FileName);
        if (assemblyFolder.Length > 0) yield return Path.Combine(assemblyFolder, FileName);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (name != LibraryName) return 0;
        var candidates = Candidates(
            Environment.GetEnvironmentVariable(Variable),
            AppContext.BaseDirectory,
            Path.GetDirectoryName(assembly.Location) ?? "").Distinct().ToArray();
        foreach (var path in candidates)
        {
            if (!File.Exists(path)) continue;
            LoadedPath = path;
            AllocatorSettings.Apply();
            return NativeLibrary.Load(path);
        }
        throw new DllNotFoundException(
            $"DuckDB's native library was not found. Looked for {string.Join(", ", candidates)}. " +
            $"Put {FileName} beside the program or set {Variable} to its full path.");
    }
}
