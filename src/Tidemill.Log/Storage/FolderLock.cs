using System.Globalization;
using System.Text;
using Tidemill.Core.Errors;

namespace Tidemill.Log.Storage;

/// <summary>
/// One process at a time on a log's folder. The operating system drops the lock with its process, however that ends.
/// The holder's name stands in a file beside it, since a locked file cannot be read.
/// </summary>
internal static class FolderLock
{
    private const string LockName = "log.lock";
    private const string HolderName = "log.holder";

    /// <exception cref="TidemillException">DataFolderLocked when another process, or another log in this one, has the folder.</exception>
    public static IDisposable Take(IFileSystem files, string folder)
    {
        var held = files.TryLock(Path.Combine(folder, LockName))
            ?? throw new TidemillException(
                ErrorCode.DataFolderLocked, $"The log in {folder} is in use by {Holder(files, folder)}.");
        string holder = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName}");
        AtomicFile.Replace(files, folder, HolderName, Encoding.UTF8.GetBytes(holder), durable: false);
        return held;
    }

    private static string Holder(IFileSystem files, string folder)
    {
        string path = Path.Combine(folder, HolderName);
        try
        {
            return files.FileExists(path) ? Encoding.UTF8.GetString(AtomicFile.ReadAll(files, path)) : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
