using System.Runtime.InteropServices;

namespace Tidemill.Log.Storage;

/// <summary>The operating system's file system.</summary>
internal sealed partial class DiskFileSystem : IFileSystem
{
    public static readonly DiskFileSystem Instance = new();

    public IFile Open(string path, FileOpen mode) => mode switch
    {
        FileOpen.Read => new DiskFile(File.OpenHandle(
            path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)),
        _ => new DiskFile(File.OpenHandle(
            path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete)),
    };

    public bool FileExists(string path) => File.Exists(path);

    public IReadOnlyList<string> Files(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder).Select(p => Path.GetFileName(p))] : [];

    public IReadOnlyList<string> Folders(string folder) =>
        Directory.Exists(folder) ? [.. Directory.EnumerateDirectories(folder).Select(p => Path.GetFileName(p))] : [];

    public void CreateFolder(string path) => Directory.CreateDirectory(path);

    public void DeleteFile(string path) => File.Delete(path);

    public void DeleteFolder(string path) => Directory.Delete(path, recursive: true);

    public void Rename(string from, string to) => File.Move(from, to, overwrite: true);

    public void FlushFolder(string path)
    {
        // NTFS journals its folders, and Windows has no call for this.
        if (OperatingSystem.IsWindows()) return;
        int descriptor = NativeOpen(path, 0);
        if (descriptor < 0) throw LastError(path);
        try
        {
            if (NativeFsync(descriptor) != 0) throw LastError(path);
        }
        finally
        {
            _ = NativeClose(descriptor);
        }
    }

    public IDisposable? TryLock(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException error) when (IsSharingViolation(error))
        {
            return null;
        }
    }

    // The framework reports a lock held elsewhere as EWOULDBLOCK (11 on Linux, 35 on macOS) or ERROR_SHARING_VIOLATION.
    private static bool IsSharingViolation(IOException error) => (error.HResult & 0xFFFF) switch
    {
        11 => OperatingSystem.IsLinux(),
        35 => OperatingSystem.IsMacOS(),
        32 => OperatingSystem.IsWindows(),
        _ => false,
    };

    private static IOException LastError(string path)
    {
        int error = Marshal.GetLastPInvokeError();
        return new IOException($"{Marshal.GetPInvokeErrorMessage(error)}: {path}", error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int NativeOpen(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int NativeFsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int NativeClose(int descriptor);
}
