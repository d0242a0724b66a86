using System.Globalization;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Server.Hosting;

/// <summary>
/// Holds a data folder for one process. The operating system's lock on <c>lock</c> decides and dies with the
/// process; <c>lock.pid</c> beside it only says who, for messages.
/// </summary>
internal sealed class DataFolderLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string _ownerPath;

    private DataFolderLock(FileStream file, string ownerPath)
    {
        _file = file;
        _ownerPath = ownerPath;
    }

    /// <summary>Takes the folder, creating it; DataFolderLocked names the process that holds it.</summary>
    public static DataFolderLock Acquire(DataFolder folder)
    {
        var ownerPath = folder.Lock + ".pid";
        FileStream? file = null;
        if (File.Exists(folder.Path))
        {
            throw new TidemillException(
                ErrorCode.ConfigurationInvalid, $"The data folder {folder.Path} is a file. Move it away, or name another folder.");
        }

        try
        {
            Directory.CreateDirectory(folder.Path);
            file = Open(folder, ownerPath);
            File.WriteAllText(ownerPath, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new DataFolderLock(file, ownerPath);
        }
        catch (Exception e) when (StorageErrors.IsStorageError(e))
        {
            file?.Dispose();
            throw StorageErrors.From($"take the data folder {folder.Path}", e);
        }
    }

    private static FileStream Open(DataFolder folder, string ownerPath)
    {
        try
        {
            return new FileStream(folder.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (StorageErrors.From("", e).Code == ErrorCode.Unavailable)
        {
            throw new TidemillException(ErrorCode.DataFolderLocked, $"{folder.Path} is in use by {Owner(ownerPath)}.", e);
        }
    }

    public void Dispose()
    {
        File.Delete(_ownerPath);
        _file.Dispose();
    }

    private static string Owner(string ownerPath)
    {
        try
        {
            return $"process {File.ReadAllText(ownerPath)}";
        }
        catch (IOException)
        {
            return "another process";
        }
    }
}
