using System.Buffers.Binary;
using System.Numerics;

namespace Tidemill.Log.Segments;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720 appendix B.4): initial value and final XOR are all ones.
/// Uses the processor's instruction where there is one.
/// </summary>
internal static class Crc32C
{
    public const uint Initial = uint.MaxValue;

    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Update(Initial, bytes);

    /// <summary>Goes on from a running value (before the final XOR).</summary>
    public static uint Update(uint running, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 32)
        {
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]));
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]));
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]));
            bytes = bytes[32..];
        }

        while (bytes.Length >= 8)
        {
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte next in bytes) running = BitOperations.Crc32C(running, next);
        return running;
    }
}
