namespace Tidemill.Connectors.Generator;

/// <summary>
/// Random numbers without state: a hash of seed, record number and salt. The mixing function is the finalizer of
/// SplitMix64 (Steele, Lea and Flood, 2014), applied twice.
/// </summary>
internal static class Draw
{
    public static ulong Bits(int seed, long n, int salt) =>
        Mix(Mix(((ulong)(uint)seed << 32 | (uint)salt) + 0x9E3779B97F4A7C15) + (ulong)n * 0x9E3779B97F4A7C15);

    /// <summary>At least 0, below 1.</summary>
    public static double Unit(int seed, long n, int salt) => (Bits(seed, n, salt) >> 11) * (1.0 / (1UL << 53));

    /// <summary>At least 0, below <paramref name="bound"/>, which is positive.</summary>
    public static long Below(int seed, long n, int salt, long bound) =>
        (long)Math.BigMul(Bits(seed, n, salt), (ulong)bound, out _);

    /// <summary>A version 4 UUID by form (RFC 9562).</summary>
    public static Guid Uuid(int seed, long n, int salt)
    {
        Span<byte> bytes = stackalloc byte[16];
        BitConverter.TryWriteBytes(bytes, Bits(seed, n, salt));
        BitConverter.TryWriteBytes(bytes[8..], Bits(seed, n, ~salt));
        bytes[6] = (byte)(bytes[6] & 0x0F | 0x40);
        bytes[8] = (byte)(bytes[8] & 0x3F | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        return z ^ z >> 31;
    }
}
