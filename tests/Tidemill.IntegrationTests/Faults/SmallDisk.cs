using System.Diagnostics;

namespace Tidemill.IntegrationTests.Faults;

/// <summary>A file system of few megabytes in memory, mounted on a folder, with a file in it whose removal makes room.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _ballast;

    private SmallDisk(string folder)
    {
        Folder = folder;
        _ballast = Path.Combine(folder, "ballast");
    }

    public string Folder { get; }

    /// <summary>Mounts it on the folder, which must exist; skips the test where mounting is not allowed.</summary>
    public static SmallDisk Mount(string folder, int megabytes)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "A disk of a given size is made with Linux's tmpfs.");
        var (code, output) = Run("mount", "-t", "tmpfs", "-o", $"size={megabytes}m", "tmpfs", folder);
        Assert.SkipUnless(code == 0, $"Mounting a tmpfs is refused (it needs root): {output.Trim()}");
        return new SmallDisk(folder);
    }

    /// <summary>Takes all room but the given bytes, until <see cref="Free"/>.</summary>
    public void OccupyAllBut(long bytes)
    {
        using var file = new FileStream(_ballast, FileMode.Create);
        var room = new DriveInfo(Folder).AvailableFreeSpace - bytes;
        file.Write(new byte[Math.Max(0, room)]);
    }

    public void Free() => File.Delete(_ballast);

    public void Dispose()
    {
        var (code, output) = Run("umount", Folder);
        if (code != 0)
        {
            // Something still holds a file: the mount goes from the tree now, and for good with its last user.
            Run("umount", "--lazy", Folder);
            TestContext.Current.SendDiagnosticMessage(output);
        }
    }

    private static (int Code, string Output) Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output);
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return (-1, error.Message);
        }
    }
}
