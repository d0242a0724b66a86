using Tidemill.Log.Storage;

namespace Tidemill.Tests.Log;

/// <summary>
/// A file system in memory that remembers what has been flushed. <see cref="CutPower"/> keeps the flushed and, by
/// chance, any sector and folder entry that was not; <see cref="Kill"/> keeps everything, as the end of a process does.
/// Writes and flushes fail when <see cref="BeforeWrite"/> or <see cref="BeforeFlush"/> throws.
/// </summary>
internal sealed class MemoryFileSystem : IFileSystem
{
    private readonly Dictionary<string, MemoryFile> files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MemoryFile> durableFiles = new(StringComparer.Ordinal);
    private readonly HashSet<string> folders = new(StringComparer.Ordinal);
    private readonly HashSet<string> durableFolders = new(StringComparer.Ordinal);
    private readonly HashSet<string> locks = new(StringComparer.Ordinal);

    public Lock Gate { get; } = new();

    /// <summary>Called with path and byte count; returns how many bytes to write before failing, or null to succeed.</summary>
    public Func<string, int, int?>? BeforeWrite { get; set; }

    /// <summary>Called outside the lock, so that it may block.</summary>
    public Action<string>? BeforeFlush { get; set; }

    public Action<string>? BeforeSetLength { get; set; }

    public static IOException DiskFull => new("No space left on device", OperatingSystem.IsWindows() ? 112 : 28);

    public static IOException DiskFailure => new("Input/output error", 5);

    public IFile Open(string path, FileOpen mode)
    {
        lock (Gate)
        {
            if (!files.TryGetValue(path, out var file))
            {
                if (mode == FileOpen.Read) throw new FileNotFoundException("There is no such file.", path);
                if (!folders.Contains(Parent(path))) throw new DirectoryNotFoundException(Parent(path));
                files[path] = file = new MemoryFile();
            }

            return new OpenFile(this, path, file);
        }
    }

    public bool FileExists(string path)
    {
        lock (Gate) return files.ContainsKey(path);
    }

    public IReadOnlyList<string> Files(string folder)
    {
        lock (Gate) return [.. files.Keys.Where(f => Parent(f) == folder).Select(f => Path.GetFileName(f))];
    }

    public IReadOnlyList<string> Folders(string folder)
    {
        lock (Gate) return [.. folders.Where(f => Parent(f) == folder).Select(f => Path.GetFileName(f))];
    }

    public void CreateFolder(string path)
    {
        lock (Gate)
        {
            folders.Add(path);
            // The root of each test is there from the start.
            if (Parent(path) is "/" or "\\") durableFolders.Add(path);
        }
    }

    public void DeleteFile(string path)
    {
        lock (Gate) files.Remove(path);
    }

    public void DeleteFolder(string path)
    {
        lock (Gate)
        {
            foreach (string file in files.Keys.Where(f => IsUnder(f, path)).ToArray()) files.Remove(file);
            folders.RemoveWhere(f => f == path || IsUnder(f, path));
        }
    }

    public void Rename(string from, string to)
    {
        lock (Gate)
        {
            files[to] = files[from];
            files.Remove(from);
        }
    }

    public void FlushFolder(string path)
    {
        BeforeFlush?.Invoke(path);
        lock (Gate)
        {
            foreach (string gone in durableFiles.Keys.Where(f => Parent(f) == path && !files.ContainsKey(f)).ToArray()) durableFiles.Remove(gone);
            foreach (var (name, file) in files.Where(f => Parent(f.Key) == path)) durableFiles[name] = file;
            durableFolders.RemoveWhere(f => Parent(f) == path && !folders.Contains(f));
            durableFolders.UnionWith(folders.Where(f => Parent(f) == path));
        }
    }

    public IDisposable? TryLock(string path)
    {
        lock (Gate) return locks.Add(path) ? new Held(this, path) : null;
    }

    /// <summary>What a new process finds after this one was killed; also a copy to damage.</summary>
    public MemoryFileSystem Kill()
    {
        lock (Gate)
        {
            var after = new MemoryFileSystem();
            foreach (var (path, file) in files) after.Put(path, file.Bytes);
            foreach (string folder in folders) after.PutFolder(folder);
            return after;
        }
    }

    /// <summary>What is found when the power comes back.</summary>
    public MemoryFileSystem CutPower(Random chance)
    {
        lock (Gate)
        {
            var after = new MemoryFileSystem();
            foreach (string folder in folders.Union(durableFolders).Order(StringComparer.Ordinal))
            {
                bool survives = (folders.Contains(folder) && durableFolders.Contains(folder)) || chance.Next(2) == 0;
                if (survives && (Parent(folder) is "/" or "\\" || after.folders.Contains(Parent(folder)))) after.PutFolder(folder);
            }

            foreach (string path in files.Keys.Union(durableFiles.Keys).Order(StringComparer.Ordinal))
            {
                if (!after.folders.Contains(Parent(path))) continue;
                var now = files.GetValueOrDefault(path);
                var flushed = durableFiles.GetValueOrDefault(path);
                if ((now == flushed || chance.Next(2) == 0 ? now : flushed) is { } file) after.Put(path, file.AfterPowerCut(chance));
            }

            return after;
        }
    }

    public byte[] ReadAll(string path)
    {
        lock (Gate) return files[path].Bytes;
    }

    public void Put(string path, byte[] content)
    {
        lock (Gate) files[path] = durableFiles[path] = new MemoryFile(content);
    }

    public IReadOnlyList<string> Paths(string suffix)
    {
        lock (Gate) return [.. files.Keys.Where(f => f.EndsWith(suffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private void PutFolder(string path)
    {
        folders.Add(path);
        durableFolders.Add(path);
    }

    private static string Parent(string path) => Path.GetDirectoryName(path) ?? "/";

    private static bool IsUnder(string path, string folder) => path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private sealed class Held(MemoryFileSystem owner, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (owner.Gate) owner.locks.Remove(path);
        }
    }

    private sealed class OpenFile(MemoryFileSystem owner, string path, MemoryFile file) : IFile
    {
        private bool closed;

        public long Length
        {
            get
            {
                lock (owner.Gate) return file.Length;
            }
        }

        public int Read(Span<byte> bytes, long position)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            lock (owner.Gate) return file.Read(bytes, position);
        }

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            byte[] all = [.. buffers.SelectMany(b => b.ToArray())];
            lock (owner.Gate)
            {
                int? written = owner.BeforeWrite?.Invoke(path, all.Length);
                file.Write(all.AsSpan(0, written ?? all.Length), position);
                if (written is not null) throw DiskFull;
            }
        }

        public void Flush()
        {
            ObjectDisposedException.ThrowIf(closed, this);
            try
            {
                owner.BeforeFlush?.Invoke(path);
            }
            catch (IOException)
            {
                lock (owner.Gate) file.ForgetUnflushed();
                throw;
            }

            lock (owner.Gate) file.Flush();
        }

        public void SetLength(long length)
        {
            ObjectDisposedException.ThrowIf(closed, this);
            owner.BeforeSetLength?.Invoke(path);
            lock (owner.Gate) file.SetLength((int)length);
        }

        public void Dispose() => closed = true;
    }
}
