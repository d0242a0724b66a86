namespace Tidemill.Tests.Log;

/// <summary>
/// A file's bytes as processes see them and as the disk holds them. After a failed flush the system takes the unflushed
/// sectors for clean, so that a later flush succeeds without them: they are on disk only once written and flushed again.
/// </summary>
internal sealed class MemoryFile
{
    private const int SectorBytes = 64;

    private readonly HashSet<int> unflushed = [];
    private readonly HashSet<int> forgotten = [];
    private byte[] current;
    private byte[] onDisk;

    public MemoryFile(byte[]? content = null) => (current, onDisk) = (content ?? [], content ?? []);

    public int Length => current.Length;

    public byte[] Bytes => [.. current];

    public int Read(Span<byte> bytes, long position)
    {
        int count = (int)Math.Clamp(current.Length - position, 0, bytes.Length);
        if (count > 0) current.AsSpan((int)position, count).CopyTo(bytes);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long position)
    {
        byte[] next = new byte[Math.Max(current.Length, (int)position + bytes.Length)];
        current.CopyTo(next, 0);
        bytes.CopyTo(next.AsSpan((int)position));
        current = next;
        for (int sector = (int)position / SectorBytes; sector * SectorBytes < position + bytes.Length; sector++)
        {
            unflushed.Add(sector);
            forgotten.Remove(sector);
        }
    }

    public void SetLength(int length) => Array.Resize(ref current, length);

    public void Flush()
    {
        Array.Resize(ref onDisk, current.Length);
        foreach (int sector in unflushed) Persist(onDisk, sector);
        unflushed.Clear();
    }

    public void ForgetUnflushed()
    {
        forgotten.UnionWith(unflushed);
        unflushed.Clear();
    }

    public byte[] AfterPowerCut(Random chance)
    {
        byte[] after = [.. onDisk];
        if (current.Length != onDisk.Length) Array.Resize(ref after, chance.Next(2) == 0 ? current.Length : onDisk.Length);
        foreach (int sector in unflushed.Union(forgotten).Where(_ => chance.Next(2) == 0)) Persist(after, sector);
        return after;
    }

    private void Persist(byte[] target, int sector)
    {
        int start = sector * SectorBytes;
        int length = Math.Min(SectorBytes, Math.Min(target.Length, current.Length) - start);
        if (length > 0) current.AsSpan(start, length).CopyTo(target.AsSpan(start));
    }
}
