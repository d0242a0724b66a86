using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidemill.DuckDb;

/// <summary>
/// A vector's cells by address, for loops over many rows: its physical type, its memory and its NULL mask are asked for once.
/// SAFETY: valid while the chunk is neither reset nor disposed; used by one thread; row numbers are not checked.
/// </summary>
public readonly unsafe struct VectorCursor
{
    private readonly ulong* _validity;

    // Of a DECIMAL the integer that holds it.
    private readonly DuckDbTypeId _physical;

    public VectorCursor(Vector vector)
    {
        Scale = vector.Type.Scale;
        _physical = vector.TypeId != DuckDbTypeId.Decimal ? vector.TypeId : PhysicalSize.OfDecimal(vector.Type.Width) switch
        {
            2 => DuckDbTypeId.SmallInt,
            4 => DuckDbTypeId.Integer,
            8 => DuckDbTypeId.BigInt,
            _ => DuckDbTypeId.HugeInt,
        };
        Data = PhysicalSize.Of(vector.Type) switch
        {
            1 => Address(vector.Data<byte>()),
            2 => Address(vector.Data<short>()),
            4 => Address(vector.Data<int>()),
            8 => Address(vector.Data<long>()),
            16 => Address(vector.Data<Int128>()),
            _ => throw new NotSupportedException($"A {vector.Type} vector has no cells of its own, only children."),
        };
        var validity = vector.Validity;
        _validity = validity.IsEmpty ? null : (ulong*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(validity));
    }

    /// <summary>The first cell.</summary>
    public byte* Data { get; }

    /// <summary>Of a DECIMAL, its digits behind the point.</summary>
    public int Scale { get; }

    public bool IsNull(int row) => _validity is not null && (_validity[row >> 6] & (1UL << (row & 63))) == 0;

    /// <summary>A cell of an integer of up to 64 bits, unscaled decimal of up to 18 digits, date, time or timestamp; UBIGINT by
    /// its bits.</summary>
    public long Integer(int row) => _physical switch
    {
        DuckDbTypeId.Integer or DuckDbTypeId.Date => ((int*)Data)[row],
        DuckDbTypeId.SmallInt => ((short*)Data)[row],
        DuckDbTypeId.TinyInt => ((sbyte*)Data)[row],
        DuckDbTypeId.UTinyInt => Data[row],
        DuckDbTypeId.USmallInt => ((ushort*)Data)[row],
        DuckDbTypeId.UInteger => ((uint*)Data)[row],
        _ => ((long*)Data)[row],
    };

    /// <summary>The same for every integer and unscaled decimal.</summary>
    public Int128 Huge(int row) => _physical switch
    {
        DuckDbTypeId.HugeInt => ((Int128*)Data)[row],
        DuckDbTypeId.UBigInt => ((ulong*)Data)[row],
        _ => Integer(row),
    };

    /// <summary>The bytes of a VARCHAR or BLOB cell; they live as long as the chunk.</summary>
    public ReadOnlySpan<byte> Bytes(int row) => DuckDbString.Bytes(ref ((DuckDbString*)Data)[row]);

    private static byte* Address<T>(Span<T> cells) where T : unmanaged =>
        (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(cells));
}
