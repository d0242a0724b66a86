using System.Buffers;
using Tidemill.Log.Segments;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Recovery;

/// <summary>
/// Reads a segment from its start and checks every batch: magic, length, checksum, and that offsets follow each other.
/// Stops at the first batch that fails; <see cref="Index"/> then describes all before it.
/// </summary>
internal sealed class SegmentScan
{
    private const int ReadBytes = 4 << 20;

    private SegmentScan(SegmentIndex index, long fileBytes)
    {
        Index = index;
        FileBytes = fileBytes;
    }

    /// <summary>The valid part: its size, next offset, latest timestamp and index entries.</summary>
    public SegmentIndex Index { get; }

    public long FileBytes { get; }

    public bool IsWhole => Index.SegmentBytes == FileBytes;

    public static SegmentScan Run(IFile file, long baseOffset, int indexIntervalBytes)
    {
        long fileBytes = file.Length;
        var index = new SegmentIndex(baseOffset, indexIntervalBytes);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(ReadBytes, Math.Max(fileBytes, 1)));
        try
        {
            while (index.SegmentBytes < fileBytes)
            {
                int read = file.Read(buffer, index.SegmentBytes);
                int wanted = TakeBatches(buffer.AsSpan(0, read), fileBytes - index.SegmentBytes, index);
                if (wanted == 0) break;
                if (wanted > buffer.Length) buffer = Exchange(buffer, wanted);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return new SegmentScan(index, fileBytes);
    }

    /// <summary>
    /// The highest durable offset that a valid batch behind the first bad one speaks of, or -1 without such a batch:
    /// all before that offset was once on disk.
    /// </summary>
    public long DurableOffsetAfterDamage(IFile file)
    {
        int length = (int)Math.Min(FileBytes - Index.SegmentBytes, Array.MaxLength);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return FindDurableOffset(buffer.AsSpan(0, file.Read(buffer.AsSpan(0, length), Index.SegmentBytes)));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Takes whole batches off the front. Returns the buffer size needed to go on, or 0 when the next batch is bad.
    private static int TakeBatches(ReadOnlySpan<byte> bytes, long left, SegmentIndex index)
    {
        bool any = false;
        while (BatchHeader.TryRead(bytes, out var header) && header.Length <= left)
        {
            if (header.Length > bytes.Length) return header.Length;
            if (header.BaseOffset != index.NextOffset || !header.Matches(bytes)) return 0;
            index.Add(header);
            bytes = bytes[header.Length..];
            left -= header.Length;
            any = true;
        }

        // A header cut by the buffer's end is read again from its start; cut by the file's end, it is bad.
        return any && bytes.Length < BatchHeader.Bytes && left > bytes.Length ? BatchHeader.Bytes : 0;
    }

    private long FindDurableOffset(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> magic = [(byte)'T', (byte)'M', (byte)'B', (byte)'1'];
        long durable = -1;
        for (int found = bytes.IndexOf(magic); found >= 0; found = bytes.IndexOf(magic))
        {
            bytes = bytes[found..];
            if (BatchHeader.TryRead(bytes, out var header)
                && header.Length <= bytes.Length
                && header.BaseOffset > Index.NextOffset
                && header.Matches(bytes))
            {
                durable = Math.Max(durable, header.DurableOffset);
            }

            bytes = bytes[1..];
        }

        return durable;
    }

    private static byte[] Exchange(byte[] buffer, int wanted)
    {
        ArrayPool<byte>.Shared.Return(buffer);
        return ArrayPool<byte>.Shared.Rent(wanted);
    }
}
