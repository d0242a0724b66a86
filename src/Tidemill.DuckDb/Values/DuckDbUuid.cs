using System.Buffers.Binary;

namespace Tidemill.DuckDb;

/// <summary>
/// A cell of UUID is the number its 32 digits spell, with the top bit flipped, so that signed order is text order.
/// </summary>
public static class DuckDbUuid
{
    private static readonly UInt128 TopBit = (UInt128)1 << 127;

    public static Int128 FromGuid(Guid value) => (Int128)(ToUnsigned(value) ^ TopBit);

    public static Guid ToGuid(Int128 cell)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, (UInt128)cell ^ TopBit);
        return new(bytes, bigEndian: true);
    }

    internal static UInt128 ToUnsigned(Guid value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        return BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
