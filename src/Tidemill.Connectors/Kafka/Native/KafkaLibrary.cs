using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Kafka.Native;

/// <summary>
/// Finds librdkafka: the file named by TIDEMILL_LIBRDKAFKA, else the program's folder, else the system's, else the one
/// that build-librdkafka.sh made for this user. A library older than <see cref="Oldest"/> is passed over: it fails SCRAM
/// against current brokers. When none is left and the start script named the build script, that is run once.
/// </summary>
public static class KafkaLibrary
{
    public const string Variable = "TIDEMILL_LIBRDKAFKA";

    /// <summary>Set by the start script: the script that builds the library into <see cref="CacheFolder"/>.</summary>
    public const string BuilderVariable = "TIDEMILL_LIBRDKAFKA_BUILDER";

    /// <summary>The version that the build script builds.</summary>
    internal const string BuiltVersion = "2.15.1";

    private static readonly Version Oldest = new(2, 6, 1);
    private static readonly Lock Gate = new();
    private static nint _handle;

    /// <summary>The file, or the system's name, that was loaded; null before <see cref="Load"/>.</summary>
    public static string? LoadedPath { get; private set; }

    /// <summary>Version of the loaded library; null before <see cref="Load"/>.</summary>
    public static Version? LoadedVersion { get; private set; }

    private static string FileName =>
        OperatingSystem.IsWindows() ? "librdkafka.dll" : OperatingSystem.IsMacOS() ? "librdkafka.dylib" : "librdkafka.so";

    private static string SystemName =>
        OperatingSystem.IsWindows() ? "librdkafka.dll" : OperatingSystem.IsMacOS() ? "librdkafka.1.dylib" : "librdkafka.so.1";

    private static string CacheFolder => Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
            ? cache
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "tidemill", $"librdkafka-{BuiltVersion}");

    /// <summary>Loads the library once for the process; later calls return at once.</summary>
    /// <param name="build">Whether to run the build script, when the start script named it and no library is there.</param>
    /// <exception cref="TidemillException">NativeLibraryMissing, naming where it was looked for and what was too old.</exception>
    public static void Load(bool build = true)
    {
        lock (Gate)
        {
            if (_handle != 0) return;
            List<string> tried = [];
            if (!TryLoadAny(tried) && !(build && TryBuild(tried) && TryLoad(Path.Combine(CacheFolder, SystemName), tried)))
                throw Missing(tried);
            KafkaApi.Bind(_handle);
            NativeLibrary.SetDllImportResolver(typeof(Confluent.Kafka.Library).Assembly, Resolve);
        }
    }

    internal static IEnumerable<string> Candidates(string? configured, string programFolder)
    {
        if (!string.IsNullOrWhiteSpace(configured))
        {
            yield return Path.GetFullPath(configured);
            yield break;
        }

        yield return Path.Combine(programFolder, FileName);
        yield return Path.Combine(programFolder, "runtimes", RuntimeInformation.RuntimeIdentifier, "native", FileName);
        yield return SystemName;
        yield return Path.Combine(CacheFolder, SystemName);
    }

    private static bool TryLoadAny(List<string> tried) =>
        Candidates(Environment.GetEnvironmentVariable(Variable), AppContext.BaseDirectory).Any(c => TryLoad(c, tried));

    private static bool TryLoad(string candidate, List<string> tried)
    {
        if (Path.IsPathRooted(candidate) && !File.Exists(candidate))
        {
            tried.Add($"{candidate} (not there)");
            return false;
        }

        if (!NativeLibrary.TryLoad(candidate, out var loaded))
        {
            tried.Add($"{candidate} ({(Path.IsPathRooted(candidate) ? "cannot be loaded" : "not among the system's libraries")})");
            return false;
        }

        if (VersionOf(loaded) is { } version && version >= Oldest)
        {
            (_handle, LoadedPath, LoadedVersion) = (loaded, candidate, version);
            return true;
        }

        tried.Add($"{candidate} (version {VersionOf(loaded)?.ToString() ?? "unknown"}, {Oldest} is needed)");
        NativeLibrary.Free(loaded);
        return false;
    }

    // rd_kafka_version() is 0xMMmmrrxx; xx is 0xff for a release.
    private static unsafe Version? VersionOf(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "rd_kafka_version", out var export)) return null;
        // SAFETY: the export takes nothing and returns an int; the library stays loaded during the call.
        int version = ((delegate* unmanaged[Cdecl]<int>)export)();
        return new Version(version >> 24 & 0xFF, version >> 16 & 0xFF, version >> 8 & 0xFF);
    }

    private static bool TryBuild(List<string> tried)
    {
        if (Environment.GetEnvironmentVariable(BuilderVariable) is not { Length: > 0 } script || !File.Exists(script)) return false;
        Console.Error.WriteLine("Building the native Kafka library librdkafka, once for this user; this takes about a minute ...");
        using var build = Process.Start(new ProcessStartInfo("bash", [script]) { RedirectStandardOutput = true });
        string output = build!.StandardOutput.ReadToEnd();
        build.WaitForExit();
        if (build.ExitCode == 0) return true;
        tried.Add($"{script} (failed: {output.TrimEnd().Split('\n')[^1]})");
        return false;
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name.StartsWith("librdkafka", StringComparison.Ordinal) ? _handle : 0;

    private static TidemillException Missing(List<string> tried) => new(
        ErrorCode.NativeLibraryMissing,
        $"Kafka needs the native library librdkafka {Oldest} or later. Looked for {string.Join(", ", tried)}. " +
        $"Run Tidemill by ./tidemill, which builds it once, or install a current librdkafka1, or set {Variable} to the full path of "
            + $"{FileName}.");
}
