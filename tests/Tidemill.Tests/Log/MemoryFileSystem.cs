using Tidemill.Log.Storage;

namespace Tidemill.Tests.Log;

/// <summary>
/// A file system in memory that remembers what has been flushed. <see cref="CutPower"/> keeps the flushed and, by
/// chance, any sector and folder entry that was not; <see cref="Kill"/> keeps everything, as the end of a process does.
/// Writes and flushes fail when <see cref="BeforeWrite"/> or <see cref="BeforeFlush"/> throws.
/// </summary>
internal sealed class MemoryFileSystem : IFileSystem
{
    private readonly Dictionary<string, MemoryFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MemoryFile> _durableFiles = new(StringComparer.Ordinal);
    private readonly HashSet<string> _folders = new(StringComparer.Ordinal);
    private readonly HashSet<string> _durableFolders = new(StringComparer.Ordinal);
    private readonly HashSet<string> _locks = new(StringComparer.Ordinal);

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
            if (!_files.TryGetValue(path, out var file))
            {
                if (mode == FileOpen.Read) throw new FileNotFoundException("There is no such file.", path);
                if (!_folders.Contains(Parent(path))) throw new DirectoryNotFoundException(Parent(path));
                _files[path] = file = new MemoryFile();
            }

            return new OpenFile(this, path, file);
        }
    }

    public bool FileExists(string path)
    {
        lock (Gate) return _files.ContainsKey(path);
    }

    public IReadOnlyList<string> Files(string folder)
    {
        lock (Gate) return [.. _files.Keys.Where(f => Parent(f) == folder).Select(f => Path.GetFileName(f))];
    }

    public IReadOnlyList<string> Folders(string folder)
    {
        lock (Gate) return [.. _folders.Where(f => Parent(f) == folder).Select(f => Path.GetFileName(f))];
    }

    public void CreateFolder(string path)
    {
        lock (Gate)
        {
            _folders.Add(path);
            // The root of each test is there from the start.
            if (Parent(path) is "/" or "\\") _durableFolders.Add(path);
        }
    }

    public void DeleteFile(string path)
    {
        lock (Gate) _files.Remove(path);
    }

    public void DeleteFolder(string path)
    {
        lock (Gate)
        {
            foreach (string file in _files.Keys.Where(f => IsUnder(f, path)).ToArray()) _files.Remove(file);
            _folders.RemoveWhere(f => f == path || IsUnder(f, path));
        }
    }

    public void Rename(string from, string to)
    {
        lock (Gate)
        {
            _files[to] = _files[from];
            _files.Remove(from);
        }
    }

    public void FlushFolder(string path)
    {
        BeforeFlush?.Invoke(path);
        lock (Gate)
        {
            foreach (string gone in _durableFiles.Keys.Where(f => Parent(f) == path && !_files.ContainsKey(f)).ToArray())
                _durableFiles.Remove(gone);
            foreach (var (name, file) in _files.Where(f => Parent(f.Key) == path)) _durableFiles[name] = file;
            _durableFolders.RemoveWhere(f => Parent(f) == path && !_folders.Contains(f));
            _durableFolders.UnionWith(_folders.Where(f => Parent(f) == path));
        }
    }

    public IDisposable? TryLock(string path)
    {
        lock (Gate) return _locks.Add(path) ? new Held(this, path) : null;
    }

    /// <summary>What a new process finds after this one was killed; also a copy to damage.</summary>
    public MemoryFileSystem Kill()
    {
        lock (Gate)
        {
            var after = new MemoryFileSystem();
            foreach (var (path, file) in _files) after.Put(path, file.Bytes);
            foreach (string folder in _folders) after.PutFolder(folder);
            return after;
        }
    }

    /// <summary>What is found when the power comes back.</summary>
    public MemoryFileSystem CutPower(Random chance)
    {
        lock (Gate)
        {
            var after = new MemoryFileSystem();
            foreach (string folder in _folders.Union(_durableFolders).Order(StringComparer.Ordinal))
            {
                bool survives = (_folders.Contains(folder) && _durableFolders.Contains(folder)) || chance.Next(2) == 0;
                if (survives && (Parent(folder) is "/" or "\\" || after._folders.Contains(Parent(folder)))) after.PutFolder(folder);
            }

            foreach (string path in _files.Keys.Union(_durableFiles.Keys).Order(StringComparer.Ordinal))
            {
                if (!after._folders.Contains(Parent(path))) continue;
                var now = _files.GetValueOrDefault(path);
                var flushed = _durableFiles.GetValueOrDefault(path);
                if ((now == flushed || chance.Next(2) == 0 ? now : flushed) is { } file) after.Put(path, file.AfterPowerCut(chance));
            }

            return after;
        }
    }

    public byte[] ReadAll(string path)
    {
        lock (Gate) return _files[path].Bytes;
    }

    public void Put(string path, byte[] content)
    {
        lock (Gate) _files[path] = _durableFiles[path] = new MemoryFile(content);
    }

    public IReadOnlyList<string> Paths(string suffix)
    {
        lock (Gate) return [.. _files.Keys.Where(f => f.EndsWith(suffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
    }

    private void PutFolder(string path)
    {
        _folders.Add(path);
        _durableFolders.Add(path);
    }

    private static string Parent(string path) => Path.GetDirectoryName(path) ?? "/";

    private static bool IsUnder(string path, string folder) =>
        path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private sealed class Held(MemoryFileSystem owner, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (owner.Gate) owner._locks.Remove(path);
        }
    }

    private sealed class OpenFile(MemoryFileSystem owner, string path, MemoryFile file) : IFile
    {
        private bool _closed;

        public long Length
        {
            get
            {
                lock (owner.Gate) return file.Length;
            }
        }

        public int Read(Span<byte> bytes, long position)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
            lock (owner.Gate) return file.Read(bytes, position);
        }

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long position)
        {
            ObjectDisposedException.ThrowIf(_closed, this);
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
            ObjectDisposedException.ThrowIf(_closed, this);
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
            ObjectDisposedException.ThrowIf(_closed, this);
            owner.BeforeSetLength?.Invoke(path);
            lock (owner.Gate) file.SetLength((int)length);
        }

        public void Dispose() => _closed = true;
    }
}
