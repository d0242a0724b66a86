using System.Buffers.Binary;
using System.Numerics;

namespace Tidemill.Log.Segments;

/// <summary>
/// CRC-32C (Castagnoli; RFC 3720 appendix B.4): initial value and final XOR are all ones.
/// Uses the processor's instruction where there is one. That gives its result three cycles later but can begin each cycle, so
/// three lanes, each the part of a block that follows the one before, run at a time and are then joined: V. Gopal et al.,
/// "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel 2011.
/// </summary>
internal static class Crc32C
{
    public const uint Initial = uint.MaxValue;

    // Long enough that joining the lanes costs little, short enough that small batches have blocks of three.
    private const int LaneBytes = 1024;
    private const int BlockBytes = 3 * LaneBytes;
    private const int StepBytes = 2 * sizeof(ulong);

    // What a lane of zeros makes of a running value, for each value of each of its four bytes.
    private static readonly uint[] AfterLane = TabulateLane();

    public static uint Compute(ReadOnlySpan<byte> bytes) => ~Update(Initial, bytes);

    /// <summary>Goes on from a running value (before the final XOR).</summary>
    public static uint Update(uint running, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= BlockBytes; bytes = bytes[BlockBytes..]) running = UpdateBlock(running, bytes[..BlockBytes]);
        return UpdateSerially(running, bytes);
    }

    // The checksum is linear: that of two parts one after the other is the first one's, moved over zeros as long as the second,
    // XOR the second one's from 0.
    private static uint UpdateBlock(uint running, ReadOnlySpan<byte> block)
    {
        var first = block[..LaneBytes];
        var second = block.Slice(LaneBytes, LaneBytes);
        var third = block.Slice(2 * LaneBytes, LaneBytes);
        uint middle = 0, last = 0;
        for (int i = 0; i <= LaneBytes - StepBytes; i += StepBytes)
        {
            running = UpdateStep(running, first.Slice(i, StepBytes));
            middle = UpdateStep(middle, second.Slice(i, StepBytes));
            last = UpdateStep(last, third.Slice(i, StepBytes));
        }

        return MoveOverLane(MoveOverLane(running) ^ middle) ^ last;
    }

    private static uint UpdateStep(uint running, ReadOnlySpan<byte> step) => BitOperations.Crc32C(
        BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(step)),
        BinaryPrimitives.ReadUInt64LittleEndian(step[sizeof(ulong)..]));

    private static uint UpdateSerially(uint running, ReadOnlySpan<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            running = BitOperations.Crc32C(running, BinaryPrimitives.ReadUInt64LittleEndian(bytes));

        foreach (byte next in bytes) running = BitOperations.Crc32C(running, next);
        return running;
    }

    private static uint MoveOverLane(uint running) =>
        AfterLane[(byte)running] ^ AfterLane[256 + (byte)(running >> 8)]
        ^ AfterLane[512 + (byte)(running >> 16)] ^ AfterLane[768 + (running >> 24)];

    private static uint[] TabulateLane()
    {
        uint[] table = new uint[4 * 256];
        byte[] zeros = new byte[LaneBytes];
        for (int bit = 0; bit < 32; bit++)
        {
            uint moved = UpdateSerially(1u << bit, zeros);
            var entries = table.AsSpan(bit / 8 * 256, 256);
            for (int value = 1 << (bit % 8), rest = 0; rest < 1 << (bit % 8); rest++) entries[value + rest] = entries[rest] ^ moved;
        }

        return table;
    }
}
