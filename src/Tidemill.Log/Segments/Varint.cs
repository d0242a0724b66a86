namespace Tidemill.Log.Segments;

/// <summary>Variable-length integers: seven bits a byte, lowest first, the top bit set on all but the last.</summary>
internal static unsafe class Varint
{
    public static int Write(Span<byte> bytes, ulong value)
    {
        int written = 0;
        while (value >= 0x80)
        {
            bytes[written++] = (byte)(value | 0x80);
            value >>= 7;
        }

        bytes[written] = (byte)value;
        return written + 1;
    }

    /// <summary>Zigzag: small numbers of either sign stay short.</summary>
    public static int WriteSigned(Span<byte> bytes, long value) => Write(bytes, (ulong)((value << 1) ^ (value >> 63)));

    /// <summary>Reads at <paramref name="next"/> and moves it on; false when the number does not end before
    /// <paramref name="end"/>.</summary>
    public static bool TryRead(ref byte* next, byte* end, out ulong value)
    {
        // SAFETY: next is dereferenced only below end; the caller owns the memory for the whole call.
        if (next < end && *next < 0x80)
        {
            value = *next++;
            return true;
        }

        return TryReadLong(ref next, end, out value);
    }

    public static long Signed(ulong value) => (long)(value >> 1) ^ -(long)(value & 1);

    private static bool TryReadLong(ref byte* next, byte* end, out ulong value)
    {
        value = 0;
        for (int shift = 0; shift < 64 && next < end; shift += 7)
        {
            byte part = *next++;
            value |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80) return true;
        }

        return false;
    }
}
