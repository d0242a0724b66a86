using System.Reflection;
using System.Runtime.InteropServices;
using Tidemill.Core.Errors;

namespace Tidemill.Connectors.Kafka.Native;

/// <summary>
/// Loads librdkafka: the file named by TIDEMILL_LIBRDKAFKA, else the one that comes with the package librdkafka.redist. A library
/// older than <see cref="Oldest"/> is refused: it fails SCRAM against current brokers.
/// </summary>
public static class KafkaLibrary
{
    public const string Variable = "TIDEMILL_LIBRDKAFKA";

    private const string Name = "librdkafka";

    // The package's builds for Linux: with Kerberos (needs libsasl2.so.3), without, and for musl. The first that the system can
    // load counts.
    private static readonly string[] Builds = OperatingSystem.IsLinux() ? [Name, "centos8-librdkafka", "alpine-librdkafka"] : [Name];

    private static readonly Version Oldest = new(2, 6, 1);
    private static readonly Lock Gate = new();
    private static nint _handle;

    /// <summary>The file that was named, or "librdkafka.redist"; null before <see cref="Load"/>.</summary>
    public static string? LoadedPath { get; private set; }

    /// <summary>Version of the loaded library; null before <see cref="Load"/>.</summary>
    public static Version? LoadedVersion { get; private set; }

    /// <summary>Loads the library once for the process. Later calls return at once.</summary>
    /// <exception cref="TidemillException">NativeLibraryMissing: there is no such file, it is no librdkafka, or it is too old.</exception>
    public static void Load()
    {
        lock (Gate)
        {
            if (_handle != 0) return;
            var named = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? Path.GetFullPath(path) : null;
            var handle = LoadFile(named);
            var version = VersionOf(handle);
            if (version is null || version < Oldest)
            {
                NativeLibrary.Free(handle);
                throw Missing($"{named ?? Name} has version {version?.ToString() ?? "unknown"}, {Oldest} is needed");
            }

            (_handle, LoadedPath, LoadedVersion) = (handle, named ?? "librdkafka.redist", version);
            KafkaApi.Bind(_handle);
            NativeLibrary.SetDllImportResolver(typeof(Confluent.Kafka.Library).Assembly, Resolve);
        }
    }

    private static nint LoadFile(string? named)
    {
        if (named is not null && !File.Exists(named)) throw Missing($"{named} is not there");
        if (named is not null)
            return NativeLibrary.TryLoad(named, out var handle) ? handle : throw Missing($"{named} cannot be loaded");

        foreach (var build in Builds)
        {
            if (NativeLibrary.TryLoad(build, typeof(KafkaLibrary).Assembly, null, out var handle)) return handle;
        }

        throw Missing("the package librdkafka.redist has none for this platform");
    }

    // rd_kafka_version() is 0xMMmmrrxx; xx is 0xff for a release.
    private static unsafe Version? VersionOf(nint library)
    {
        if (!NativeLibrary.TryGetExport(library, "rd_kafka_version", out var export)) return null;
        // SAFETY: the export takes nothing and returns an int; the library stays loaded during the call.
        int version = ((delegate* unmanaged[Cdecl]<int>)export)();
        return new Version(version >> 24 & 0xFF, version >> 16 & 0xFF, version >> 8 & 0xFF);
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? search) =>
        name.StartsWith(Name, StringComparison.Ordinal) ? _handle : 0;

    private static TidemillException Missing(string what) => new(
        ErrorCode.NativeLibraryMissing,
        $"Kafka needs the native library librdkafka {Oldest} or later: {what}. Set {Variable} to the full path of one.");
}
