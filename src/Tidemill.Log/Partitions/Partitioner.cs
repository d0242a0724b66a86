using System.Buffers.Binary;

namespace Tidemill.Log.Partitions;

/// <summary>
/// Chooses partitions by key as Kafka's default partitioner does, so that a key's partition stays the same when a
/// topic moves to Kafka: the non-negative part of a 32-bit MurmurHash2 (seed 0x9747b28c) modulo the partition count.
/// </summary>
internal static class Partitioner
{
    private const uint Seed = 0x9747b28c;
    private const uint Multiplier = 0x5bd1e995;

    public static int ForKey(ReadOnlySpan<byte> key, int partitions) =>
        partitions == 1 ? 0 : (Murmur2(key) & int.MaxValue) % partitions;

    public static int Murmur2(ReadOnlySpan<byte> bytes)
    {
        uint hash = Seed ^ (uint)bytes.Length;
        for (; bytes.Length >= 4; bytes = bytes[4..])
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(bytes) * Multiplier;
            word = (word ^ (word >> 24)) * Multiplier;
            hash = (hash * Multiplier) ^ word;
        }

        if (bytes.Length > 0)
        {
            for (int i = bytes.Length - 1; i >= 0; i--) hash ^= (uint)bytes[i] << (8 * i);
            hash *= Multiplier;
        }

        hash = (hash ^ (hash >> 13)) * Multiplier;
        return (int)(hash ^ (hash >> 15));
    }
}
