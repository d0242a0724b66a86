using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Segments;

/// <summary>A batch's first offset, its position in the segment, and the latest timestamp of all batches before it.</summary>
internal readonly record struct IndexEntry(long Offset, long Position, long MaxTimestampBefore);

/// <summary>
/// A sparse index over one segment: an entry for the first batch and for one batch in every interval of bytes.
/// Stored when the segment is closed, as
/// <c>u32 magic "TMI1" | u32 crc32c of the rest | i64 base offset | i64 next offset | i64 segment bytes
/// | i64 max timestamp | entries of 3 i64 (LE)</c>. It holds nothing that the segment does not: a missing or damaged one is rebuilt.
/// </summary>
internal sealed class SegmentIndex(long baseOffset, int intervalBytes)
{
    private const uint Magic = 0x31494D54;
    private const int FileHeaderBytes = 40;
    private const int EntryBytes = 24;

    // The committer adds while readers look up.
    private readonly Lock _gate = new();
    private readonly List<IndexEntry> _entries = [];

    public long BaseOffset { get; } = baseOffset;

    public long NextOffset { get; private set; } = baseOffset;

    public long SegmentBytes { get; private set; }

    /// <summary>Latest timestamp in the segment; <see cref="long.MinValue"/> while it is empty.</summary>
    public long MaxTimestamp { get; private set; } = long.MinValue;

    public (long Offset, long Position) End
    {
        get
        {
            lock (_gate) return (NextOffset, SegmentBytes);
        }
    }

    /// <summary>Takes in the batch that follows at the segment's end.</summary>
    public void Add(in BatchHeader batch)
    {
        lock (_gate) AddLocked(batch);
    }

    private void AddLocked(in BatchHeader batch)
    {
        if (_entries.Count == 0 || SegmentBytes - _entries[^1].Position >= intervalBytes)
            _entries.Add(new IndexEntry(batch.BaseOffset, SegmentBytes, MaxTimestamp));

        NextOffset = batch.NextOffset;
        SegmentBytes += batch.Length;
        MaxTimestamp = Math.Max(MaxTimestamp, batch.MaxTimestamp);
    }

    /// <summary>Position of an indexed batch at or before the offset; 0 when there is none.</summary>
    public long FloorOfOffset(long offset) => Last(e => e.Offset <= offset).Position;

    /// <summary>The last indexed batch before which every record is older than the timestamp.</summary>
    public IndexEntry FloorOfTimestamp(long timestamp) => Last(e => e.MaxTimestampBefore < timestamp);

    public byte[] Serialize()
    {
        byte[] file = new byte[FileHeaderBytes + (_entries.Count * EntryBytes)];
        var span = file.AsSpan();
        BinaryPrimitives.WriteUInt32LittleEndian(span, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(span[8..], BaseOffset);
        BinaryPrimitives.WriteInt64LittleEndian(span[16..], NextOffset);
        BinaryPrimitives.WriteInt64LittleEndian(span[24..], SegmentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(span[32..], MaxTimestamp);
        for (int i = 0; i < _entries.Count; i++)
        {
            var at = span[(FileHeaderBytes + (i * EntryBytes))..];
            BinaryPrimitives.WriteInt64LittleEndian(at, _entries[i].Offset);
            BinaryPrimitives.WriteInt64LittleEndian(at[8..], _entries[i].Position);
            BinaryPrimitives.WriteInt64LittleEndian(at[16..], _entries[i].MaxTimestampBefore);
        }

        BinaryPrimitives.WriteUInt32LittleEndian(span[4..], Crc32C.Compute(span[8..]));
        return file;
    }

    /// <summary>The stored index, or null when there is none that belongs to a segment of this offset and size.</summary>
    public static SegmentIndex? TryLoad(IFileSystem files, string path, long baseOffset, long segmentBytes, int intervalBytes)
    {
        if (!files.FileExists(path)) return null;
        var file = AtomicFile.ReadAll(files, path).AsSpan();
        if (file.Length < FileHeaderBytes
            || (file.Length - FileHeaderBytes) % EntryBytes != 0
            || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(file[4..]) != Crc32C.Compute(file[8..])
            || BinaryPrimitives.ReadInt64LittleEndian(file[8..]) != baseOffset
            || BinaryPrimitives.ReadInt64LittleEndian(file[24..]) != segmentBytes)
        {
            return null;
        }

        var index = new SegmentIndex(baseOffset, intervalBytes)
        {
            NextOffset = BinaryPrimitives.ReadInt64LittleEndian(file[16..]),
            SegmentBytes = segmentBytes,
            MaxTimestamp = BinaryPrimitives.ReadInt64LittleEndian(file[32..]),
        };
        for (int at = FileHeaderBytes; at < file.Length; at += EntryBytes)
        {
            index._entries.Add(new IndexEntry(
                BinaryPrimitives.ReadInt64LittleEndian(file[at..]),
                BinaryPrimitives.ReadInt64LittleEndian(file[(at + 8)..]),
                BinaryPrimitives.ReadInt64LittleEndian(file[(at + 16)..])));
        }

        return index;
    }

    // Both orders rise along the entries, so the last one that holds is found by halving.
    private IndexEntry Last(Func<IndexEntry, bool> holds)
    {
        lock (_gate) return LastLocked(holds);
    }

    private IndexEntry LastLocked(Func<IndexEntry, bool> holds)
    {
        var span = CollectionsMarshal.AsSpan(_entries);
        int low = 0;
        int high = span.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (holds(span[middle])) low = middle + 1;
            else high = middle;
        }

        return low > 0 ? span[low - 1] : new IndexEntry(BaseOffset, 0, long.MinValue);
    }
}
