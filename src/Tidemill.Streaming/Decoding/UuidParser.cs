using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Tidemill.Streaming.Decoding;

/// <summary>UUIDs as RFC 9562 writes them, with or without the four hyphens, in either case of letters.</summary>
internal static class UuidParser
{
    public const int CanonicalLength = 36;
    private const int SimpleLength = 32;

    /// <summary>Writes DuckDB's cell: the 128-bit number with its top bit flipped, low half first.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong low, out ulong high)
    {
        low = high = 0;
        if (text.Length == CanonicalLength)
            return TryParseCanonical(ref MemoryMarshal.GetReference(text), out low, out high);

        if (text.Length != SimpleLength)
            return false;

        return TryPack(Vector128.Create(text), Vector128.Create(text[16..]), out low, out high);
    }

    /// <summary>Reads 36 bytes from <paramref name="text"/> on.</summary>
    // SAFETY: the caller vouches for 36 readable bytes; the reads below end at byte 36.
    public static bool TryParseCanonical(ref byte text, out ulong low, out ulong high)
    {
        low = high = 0;
        if (At(ref text, 8) != '-' || At(ref text, 13) != '-' || At(ref text, 18) != '-' || At(ref text, 23) != '-')
            return false;

        // xxxxxxxx-xxxx-xxxx | -xxxx-xxxxxxxxxxxx: 16 digits each without the hyphens.
        var first = Vector128.Create(Read<ulong>(ref text, 0), Read<uint>(ref text, 9) | ((ulong)Read<uint>(ref text, 14) << 32));
        var second = Vector128.Create(Read<uint>(ref text, 19) | ((ulong)Read<uint>(ref text, 24) << 32), Read<ulong>(ref text, 28));
        return TryPack(first.AsByte(), second.AsByte(), out low, out high);
    }

    private static bool TryPack(Vector128<byte> first, Vector128<byte> second, out ulong low, out ulong high)
    {
        low = high = 0;
        if (!TryNibbles(first, out var high16) || !TryNibbles(second, out var low16))
            return false;

        // Each 16-bit lane holds two nibbles, the upper one in the lower byte.
        var mask = Vector128.Create((ushort)0xFF);
        var a = high16.AsUInt16();
        var b = low16.AsUInt16();
        var bytes = Vector128.Narrow(((a << 4) | (a >> 8)) & mask, ((b << 4) | (b >> 8)) & mask).AsUInt64();
        high = BinaryPrimitives.ReverseEndianness(bytes[0]) ^ (1UL << 63);
        low = BinaryPrimitives.ReverseEndianness(bytes[1]);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryNibbles(Vector128<byte> digits, out Vector128<byte> nibbles)
    {
        var number = digits - Vector128.Create((byte)'0');
        var letter = (digits | Vector128.Create((byte)0x20)) - Vector128.Create((byte)'a');
        var isNumber = Vector128.LessThan(number, Vector128.Create((byte)10));
        var isLetter = Vector128.LessThan(letter, Vector128.Create((byte)6));
        nibbles = Vector128.ConditionalSelect(isNumber, number, letter + Vector128.Create((byte)10));
        return (isNumber | isLetter) == Vector128<byte>.AllBitsSet;
    }

    private static byte At(ref byte text, int index) => Unsafe.Add(ref text, index);

    private static T Read<T>(ref byte text, int index) where T : unmanaged =>
        Unsafe.ReadUnaligned<T>(ref Unsafe.Add(ref text, index));
}
