namespace Tidemill.Tests.Log;

/// <summary>
/// A file's bytes as processes see them and as the disk holds them. After a failed flush the system takes the unflushed
/// sectors for clean, so that a later flush succeeds without them: they are on disk only once written and flushed again.
/// </summary>
internal sealed class MemoryFile
{
    private const int SectorBytes = 64;

    private readonly HashSet<int> _unflushed = [];
    private readonly HashSet<int> _forgotten = [];
    private byte[] _current;
    private byte[] _onDisk;

    public MemoryFile(byte[]? content = null) => (_current, _onDisk) = (content ?? [], content ?? []);

    public int Length => _current.Length;

    public byte[] Bytes => [.. _current];

    public int Read(Span<byte> bytes, long position)
    {
        int count = (int)Math.Clamp(_current.Length - position, 0, bytes.Length);
        if (count > 0) _current.AsSpan((int)position, count).CopyTo(bytes);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        byte[] next = new byte[Math.Max(_current.Length, (int)position + bytes.Length)];
        _current.CopyTo(next, 0);
        bytes.CopyTo(next.AsSpan((int)position));
        _current = next;
        for (int sector = (int)position / SectorBytes; sector * SectorBytes < position + bytes.Length; sector++)
        {
            _unflushed.Add(sector);
            _forgotten.Remove(sector);
        }
    }

    public void SetLength(int length) => Array.Resize(ref _current, length);

    public void Flush()
    {
        Array.Resize(ref _onDisk, _current.Length);
        foreach (int sector in _unflushed) Persist(_onDisk, sector);
        _unflushed.Clear();
    }

    public void ForgetUnflushed()
    {
        _forgotten.UnionWith(_unflushed);
        _unflushed.Clear();
    }

    public byte[] AfterPowerCut(Random chance)
    {
        byte[] after = [.. _onDisk];
        if (_current.Length != _onDisk.Length) Array.Resize(ref after, chance.Next(2) == 0 ? _current.Length : _onDisk.Length);
        foreach (int sector in _unflushed.Union(_forgotten).Where(_ => chance.Next(2) == 0)) Persist(after, sector);
        return after;
    }

    private void Persist(byte[] target, int sector)
    {
        int start = sector * SectorBytes;
        int length = Math.Min(SectorBytes, Math.Min(target.Length, _current.Length) - start);
        if (length > 0) _current.AsSpan(start, length).CopyTo(target.AsSpan(start));
    }
}
