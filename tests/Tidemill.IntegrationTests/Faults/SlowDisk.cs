using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Faults;

/// <summary>A disk that takes its time, for the programs that are started with <see cref="Environment"/>: slow-disk.c, preloaded.</summary>
internal sealed class SlowDisk : IDisposable
{
    private readonly string _folder;

    private SlowDisk(string folder) => _folder = folder;

    /// <summary>What the program is started with.</summary>
    public IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Path.Combine(_folder, "slow-disk.so"),
        ["SLOW_DISK"] = Path.Combine(_folder, "delay"),
    };

    /// <summary>Compiles the library; the test is skipped where that cannot be done, but fails on CI.</summary>
    public static async Task<SlowDisk> BuildAsync() => TestServer.Required(
        OperatingSystem.IsLinux() ? await CompileAsync(Path.Combine(Path.GetDirectoryName(ThisFile())!, "slow-disk.c")) : null,
        "A slow disk is made by a library of C that Linux preloads: it needs cc (Debian: gcc, libc6-dev).");

    /// <summary>How much longer each fsync and fdatasync takes from now on.</summary>
    public async Task DelayAsync(TimeSpan delay)
    {
        // Renamed into its place: a program reads all of it or none.
        var part = Path.Combine(_folder, "part");
        await File.WriteAllTextAsync(part, ((long)delay.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        File.Move(part, Environment["SLOW_DISK"], overwrite: true);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [SupportedOSPlatform("linux")]
    private static async Task<SlowDisk?> CompileAsync(string source)
    {
        var folder = Directory.CreateTempSubdirectory("tidemill-slow-disk-").FullName;
        // Other users' programs load it, such as PostgreSQL's.
        File.SetUnixFileMode(folder, (UnixFileMode)493);
        var disk = new SlowDisk(folder);
        try
        {
            using var cc = Process.Start(
                "cc", ["-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", disk.Environment["LD_PRELOAD"], source, "-ldl"]);
            await cc.WaitForExitAsync();
            return cc.ExitCode == 0 ? disk : throw new InvalidOperationException($"cc ended with {cc.ExitCode}.");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            disk.Dispose();
            return null;
        }
    }
}
