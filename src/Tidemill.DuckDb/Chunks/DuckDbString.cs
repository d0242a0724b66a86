using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidemill.DuckDb;

/// <summary>
/// One cell of a VARCHAR, BLOB, BIT or BIGNUM vector (string_t), 16 bytes:
/// <c>u32 length | 12 bytes inline</c>, or for more than 12 bytes <c>u32 length | 4 bytes prefix | pointer</c>.
/// It does not own what it points to: the vector's heap does, or the caller of <see cref="Vector.SetBorrowed"/>.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public readonly unsafe struct DuckDbString
{
    public const int InlineLength = 12;

    [FieldOffset(0)]
    private readonly uint _length;
    [FieldOffset(4)]
    private readonly uint _prefix;
    [FieldOffset(8)]
    private readonly byte* _pointer;

    private DuckDbString(uint length, uint prefix, byte* pointer)
    {
        _length = length;
        _prefix = prefix;
        _pointer = pointer;
    }

    public int Length => (int)_length;

    /// <summary>
    /// The bytes. <paramref name="cell"/> must be a reference into the vector, not a copy on the stack, because short
    /// text lies in the cell itself; the span is valid until the chunk is reset or disposed.
    /// </summary>
    public static ReadOnlySpan<byte> Bytes(ref readonly DuckDbString cell)
    {
        var length = cell.Length;
        if (length > InlineLength) return new(cell._pointer, length);
        // SAFETY: up to 12 bytes follow the length inside the 16-byte cell that the caller's reference keeps alive.
        ref var start = ref Unsafe.As<DuckDbString, byte>(ref Unsafe.AsRef(in cell));
        return MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref start, 4), length);
    }

    /// <summary>A cell of at most 12 bytes; the rest of it is zero, as DuckDB's comparisons need.</summary>
    internal static DuckDbString Inline(ReadOnlySpan<byte> text)
    {
        DuckDbString cell = default;
        // SAFETY: the caller checked that text has at most 12 bytes; they land behind the length in our own copy.
        var bytes = new Span<byte>(&cell, sizeof(DuckDbString));
        MemoryMarshal.Write(bytes, (uint)text.Length);
        text.CopyTo(bytes[4..]);
        return cell;
    }

    /// <summary>A cell over more than 12 bytes that stay where they are.</summary>
    internal static DuckDbString Pointing(byte* text, int length) =>
        new((uint)length, Unsafe.ReadUnaligned<uint>(text), text);
}
