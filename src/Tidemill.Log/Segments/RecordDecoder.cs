using System.Text;
using Tidemill.Core.Logs;

namespace Tidemill.Log.Segments;

/// <summary>
/// Walks the records of one batch in memory. Every length is checked against the batch's end, so bytes that the
/// checksum wrongly passes, or that were not checked, give false instead of a read outside the buffer.
/// </summary>
internal unsafe struct RecordDecoder(byte* batch, in BatchHeader header)
{
    // SAFETY: the pointers lie in a buffer that the cursor holds a reference to while this decoder is used, on one thread.
    private readonly byte* _end = batch + header.Length;
    private readonly long _firstTimestamp = header.FirstTimestamp;
    private readonly long _nextBatchOffset = header.NextOffset;
    private byte* _next = batch + BatchHeader.Bytes;

    public long Offset { get; private set; } = header.BaseOffset;

    public readonly bool AtEnd => Offset == _nextBatchOffset;

    /// <summary>Key and value bytes of the record last read.</summary>
    public int RecordBytes { get; private set; }

    /// <summary>Where the headers of the record last read begin.</summary>
    public byte* Headers { get; private set; }

    /// <summary>Reads the next record; false when the bytes are malformed. Not to be called at the end.</summary>
    public bool TryRead(out RecordRef record)
    {
        record = default;
        if (!Varint.TryRead(ref _next, _end, out ulong delta)
            || !TryReadNullable(ref _next, _end, out byte* key, out int keyLength)
            || !TryReadNullable(ref _next, _end, out byte* value, out int valueLength))
        {
            return false;
        }

        Headers = _next;
        if (!TrySkipHeaders()) return false;
        RecordBytes = Math.Max(keyLength, 0) + Math.Max(valueLength, 0);
        record = new RecordRef(key, keyLength, value, valueLength, Offset++, _firstTimestamp + Varint.Signed(delta));
        return true;
    }

    /// <summary>Copies the headers that begin at <paramref name="at"/>, which <see cref="TryRead"/> has walked before.</summary>
    public static IReadOnlyList<RecordHeader> ReadHeaders(byte* at, byte* end)
    {
        if (!Varint.TryRead(ref at, end, out ulong count) || count == 0) return [];
        List<RecordHeader> headers = [];
        for (ulong i = 0; i < count; i++)
        {
            if (!Varint.TryRead(ref at, end, out ulong nameLength) || nameLength > (ulong)(end - at)) break;
            string name = Encoding.UTF8.GetString(at, (int)nameLength);
            at += nameLength;
            if (!TryReadNullable(ref at, end, out byte* value, out int valueLength)) break;
            ReadOnlyMemory<byte>? copy = null;
            if (valueLength >= 0) copy = new ReadOnlySpan<byte>(value, valueLength).ToArray();
            headers.Add(new RecordHeader(name, copy));
        }

        return headers;
    }

    private bool TrySkipHeaders()
    {
        if (!Varint.TryRead(ref _next, _end, out ulong count)) return false;
        for (; count > 0; count--)
        {
            if (!Varint.TryRead(ref _next, _end, out ulong nameLength) || nameLength > (ulong)(_end - _next)) return false;
            _next += nameLength;
            if (!TryReadNullable(ref _next, _end, out _, out _)) return false;
        }

        return true;
    }

    private static bool TryReadNullable(ref byte* next, byte* end, out byte* bytes, out int length)
    {
        bytes = null;
        length = -1;
        if (!Varint.TryRead(ref next, end, out ulong prefix)) return false;
        if (prefix == 0) return true;
        if (prefix - 1 > (ulong)(end - next)) return false;
        bytes = next;
        length = (int)(prefix - 1);
        next += length;
        return true;
    }
}
