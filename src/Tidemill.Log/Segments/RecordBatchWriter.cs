using System.Buffers;
using System.Text;
using Tidemill.Core.Logs;

namespace Tidemill.Log.Segments;

/// <summary>
/// Encodes records into one batch in a pooled buffer; offset and checksum follow at commit. The buffer is returned
/// to the pool by <see cref="Dispose"/>, which the committer calls.
/// </summary>
internal sealed class RecordBatchWriter(int capacity) : IDisposable
{
    // Four length varints of at most five bytes and one timestamp of at most ten.
    private const int RecordOverhead = 30;
    private const int HeaderOverhead = 10;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(capacity);
    private int _length = BatchHeader.Bytes;
    private long _firstTimestamp;
    private long _maxTimestamp;
    private uint _recordsCrc;

    public int Count { get; private set; }

    public int Length => _length;

    public ReadOnlyMemory<byte> Bytes => _buffer.AsMemory(0, _length);

    public BatchHeader Header { get; private set; }

    /// <summary>Key, value and headers, as counted against the topic's largest record.</summary>
    public static long Size(in ProducerRecord record)
    {
        long size = (record.Key?.Length ?? 0) + (long)(record.Value?.Length ?? 0);
        if (record.Headers is { } headers)
        {
            foreach (var header in headers) size += Encoding.UTF8.GetByteCount(header.Name) + (header.Value?.Length ?? 0);
        }

        return size;
    }

    /// <summary>Bytes that the encoded record takes at most.</summary>
    public static long Bound(in ProducerRecord record, long size) =>
        size + RecordOverhead + ((record.Headers?.Count ?? 0) * HeaderOverhead);

    public bool Fits(long bound) => bound <= _buffer.Length - _length;

    public void Add(in ProducerRecord record, long timestamp)
    {
        if (Count++ == 0) _firstTimestamp = _maxTimestamp = timestamp;
        else _maxTimestamp = Math.Max(_maxTimestamp, timestamp);
        var rest = _buffer.AsSpan(_length);
        int written = Varint.WriteSigned(rest, unchecked(timestamp - _firstTimestamp));
        written += WriteNullable(rest[written..], record.Key);
        written += WriteNullable(rest[written..], record.Value);
        if (record.Headers is { Count: > 0 } headers) written += WriteHeaders(rest[written..], headers);
        else rest[written++] = 0;
        _length += written;
    }

    /// <summary>Computes the records' share of the checksum, off the committing thread.</summary>
    public void Finish() => _recordsCrc = Crc32C.Update(Crc32C.Initial, _buffer.AsSpan(BatchHeader.Bytes, _length - BatchHeader.Bytes));

    /// <summary>Gives the batch its place in the partition.</summary>
    public void Place(long baseOffset, long durableOffset)
    {
        Header = new BatchHeader(_length, 0, Count, baseOffset, _firstTimestamp, _maxTimestamp, durableOffset);
        Header.Write(_buffer, _recordsCrc);
    }

    public void Dispose()
    {
        if (_buffer.Length == 0) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
        _length = 0;
    }

    private static int WriteNullable(Span<byte> rest, ReadOnlyMemory<byte>? bytes)
    {
        if (bytes is not { } present)
        {
            rest[0] = 0;
            return 1;
        }

        int prefix = Varint.Write(rest, (ulong)present.Length + 1);
        present.Span.CopyTo(rest[prefix..]);
        return prefix + present.Length;
    }

    private static int WriteHeaders(Span<byte> rest, IReadOnlyList<RecordHeader> headers)
    {
        int written = Varint.Write(rest, (ulong)headers.Count);
        foreach (var header in headers)
        {
            int nameBytes = Encoding.UTF8.GetByteCount(header.Name);
            written += Varint.Write(rest[written..], (ulong)nameBytes);
            written += Encoding.UTF8.GetBytes(header.Name, rest[written..]);
            written += WriteNullable(rest[written..], header.Value);
        }

        return written;
    }
}
