using System.Buffers.Binary;

namespace Tidemill.Log.Segments;

/// <summary>
/// A segment is a run of batches, each a header of 48 bytes and its records (all little-endian):
/// <code>
/// u32 magic "TMB1" | u32 length | u32 crc32c | u32 count
/// | i64 base offset | i64 first timestamp | i64 max timestamp | i64 durable offset | records
/// record: zigzag varint timestamp - first timestamp
///         | varint key length + 1 (0: null) | key | varint value length + 1 (0: null) | value
///         | varint header count | headers: varint name length | name | varint value length + 1 (0: null) | value
/// </code>
/// <c>length</c> counts the whole batch. The checksum runs over the records and then over header bytes 0-7 and 12-47,
/// so that the records' share is computed before the offset is known. <c>durable offset</c> is where the partition's
/// durable records ended when the batch was written: a valid batch proves all before that offset to have been
/// acknowledged. Timestamps are milliseconds since 1970. See docs/formats/log.md.
/// </summary>
internal readonly record struct BatchHeader(
    int Length, uint Crc, int Count, long BaseOffset, long FirstTimestamp, long MaxTimestamp, long DurableOffset)
{
    public const int Bytes = 48;
    public const uint Magic = 0x31424D54;

    /// <summary>A record takes four bytes at least: one for each varint.</summary>
    public const int SmallestRecordBytes = 4;

    private const int CrcPosition = 8;

    public long NextOffset => BaseOffset + Count;

    /// <summary>Reads a header; false when the bytes cannot be one. The checksum is not looked at.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out BatchHeader header)
    {
        header = default;
        if (bytes.Length < Bytes || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Magic) return false;
        header = new BatchHeader(
            BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcPosition..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[12..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]));
        return header.Count > 0
            && header.Length >= Bytes + ((long)header.Count * SmallestRecordBytes)
            && header.BaseOffset >= 0
            && header.BaseOffset <= long.MaxValue - header.Count
            && header.DurableOffset >= 0 && header.DurableOffset <= header.BaseOffset;
    }

    /// <summary>Whether the checksum matches; <paramref name="batch"/> is the whole batch.</summary>
    public bool Matches(ReadOnlySpan<byte> batch) =>
        Crc == Checksum(Crc32C.Update(Crc32C.Initial, batch[Bytes..Length]), batch);

    /// <summary>Writes the header, checksum included, before the records that <paramref name="recordsCrc"/> runs over.</summary>
    public void Write(Span<byte> batch, uint recordsCrc)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(batch, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(batch[4..], Length);
        BinaryPrimitives.WriteInt32LittleEndian(batch[12..], Count);
        BinaryPrimitives.WriteInt64LittleEndian(batch[16..], BaseOffset);
        BinaryPrimitives.WriteInt64LittleEndian(batch[24..], FirstTimestamp);
        BinaryPrimitives.WriteInt64LittleEndian(batch[32..], MaxTimestamp);
        BinaryPrimitives.WriteInt64LittleEndian(batch[40..], DurableOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(batch[CrcPosition..], Checksum(recordsCrc, batch));
    }

    private static uint Checksum(uint recordsCrc, ReadOnlySpan<byte> batch) =>
        ~Crc32C.Update(Crc32C.Update(recordsCrc, batch[..CrcPosition]), batch[12..Bytes]);
}
