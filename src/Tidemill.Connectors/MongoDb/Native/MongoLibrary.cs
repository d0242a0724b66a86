using System.Reflection;
using System.Runtime.InteropServices;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.MongoDb.Native;

/// <summary>
/// Finds MongoDB's C driver, libmongoc 1.x, and the libbson it brings: the file named by TIDEMILL_MONGOC_LIBRARY, else the
/// program's folder, else the system's library path.
/// </summary>
public static class MongoLibrary
{
    internal const string Mongoc = "mongoc-1.0";
    internal const string Bson = "bson-1.0";

    private const string Variable = "TIDEMILL_MONGOC_LIBRARY";

    private static readonly Lazy<string?> Problem = new(Load);
    private static nint _handle;

    /// <summary>The driver's version. NativeLibraryMissing says where it was looked for and which package brings it.</summary>
    public static string Version
    {
        get
        {
            EnsureLoaded();
            return Marshal.PtrToStringUTF8(MongocApi.mongoc_get_version())!;
        }
    }

    /// <summary>The name or path by which it was found; null before the first use.</summary>
    public static string? LoadedPath { get; private set; }

    internal static void EnsureLoaded()
    {
        if (Problem.Value is { } problem)
            throw new TidemillException(ErrorCode.NativeLibraryMissing, problem);
    }

    /// <summary>Null when it is loaded, else what is missing.</summary>
    private static string? Load()
    {
        var candidates = Candidates().ToList();
        foreach (var candidate in candidates)
        {
            if (NativeLibrary.TryLoad(candidate, out _handle))
            {
                NativeLibrary.SetDllImportResolver(typeof(MongoLibrary).Assembly, Resolve);
                LoadedPath = candidate;
                MongocApi.mongoc_init();
                // The driver would write warnings to stderr; errors come back from each call.
                MongocApi.mongoc_log_set_handler(0, 0);
                return null;
            }
        }

        return $"MongoDB's C driver (libmongoc 1.x) was not found. Looked for {string.Join(", ", candidates)}. "
            + $"Install it (Debian, Ubuntu: libmongoc-1.0-0; Fedora: mongo-c-driver-libs; macOS: mongo-c-driver@1), or set {Variable} "
            + "to its full path.";
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } configured)
            return [Path.GetFullPath(configured)];

        var file = OperatingSystem.IsWindows()
            ? "mongoc-1.0.dll"
            : OperatingSystem.IsMacOS()
            ? "libmongoc-1.0.0.dylib"
            : "libmongoc-1.0.so.0";
        return [Path.Combine(AppContext.BaseDirectory, file), file];
    }

    // libmongoc depends on libbson: a look-up through its handle finds the functions of both.
    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath) =>
        name is Mongoc or Bson ? _handle : 0;
}
