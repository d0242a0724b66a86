namespace Tidemill.Log.Storage;

/// <summary>
/// Everything the log asks of a file system, so that tests can fail each step and cut the power between any two.
/// Failures are <see cref="IOException"/> or <see cref="UnauthorizedAccessException"/>, as the framework's own.
/// </summary>
internal interface IFileSystem
{
    IFile Open(string path, FileOpen mode);

    bool FileExists(string path);

    /// <summary>Names, without the folder, of the files in a folder, in no order; empty when there is no folder.</summary>
    IReadOnlyList<string> Files(string folder);

    /// <summary>Names, without the parent, of the folders in a folder, in no order; empty when there is no folder.</summary>
    IReadOnlyList<string> Folders(string folder);

    void CreateFolder(string path);

    void DeleteFile(string path);

    /// <summary>Deletes the folder and everything in it.</summary>
    void DeleteFolder(string path);

    /// <summary>Replaces <paramref name="to"/> at once: readers see the old file or the new one.</summary>
    void Rename(string from, string to);

    /// <summary>Makes the folder's entries (created, renamed, deleted files) survive a power cut.</summary>
    void FlushFolder(string path);

    /// <summary>Holds the file for this process alone until disposed; null when another holder has it.</summary>
    IDisposable? TryLock(string path);
}

internal enum FileOpen
{
    /// <summary>Existing file, read only.</summary>
    Read,

    /// <summary>Existing or new file, read and write.</summary>
    Write,
}

/// <summary>An open file. Reads and writes carry their position and may come from several threads.</summary>
internal interface IFile : IDisposable
{
    long Length { get; }

    /// <summary>Reads until the span is full or the file ends; returns the bytes read.</summary>
    int Read(Span<byte> bytes, long position);

    /// <summary>Writes all buffers one after the other. On an exception any prefix may have been written.</summary>
    void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position);

    /// <summary>Returns once written bytes and length survive a power cut.</summary>
    void Flush();

    void SetLength(long length);
}
