using System.Runtime.CompilerServices;
using Tidemill.DuckDb;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// Writes <see cref="DuckDbString"/> cells: <c>u32 length | 12 bytes inline</c>, zero-filled, or for longer text
/// <c>u32 length | 4 bytes prefix | pointer</c>.
/// </summary>
internal static unsafe class TextCell
{
    public const int Size = 16;

    // SAFETY: cell has 16 bytes and text has length bytes; longer text must outlive the cell.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(byte* cell, byte* text, int length)
    {
        if (length > DuckDbString.InlineLength)
        {
            *(int*)cell = length;
            *(int*)(cell + 4) = *(int*)text;
            *(byte**)(cell + 8) = text;
            return;
        }

        ((ulong*)cell)[0] = (uint)length;
        ((ulong*)cell)[1] = 0;
        CopyShort(cell + 4, text, length);
    }

    /// <summary>Copies up to 12 bytes in at most two moves, which overlap when the length is odd.</summary>
    private static void CopyShort(byte* target, byte* source, int length)
    {
        if (length >= 8)
        {
            *(long*)target = *(long*)source;
            *(int*)(target + length - 4) = *(int*)(source + length - 4);
        }
        else if (length >= 4)
        {
            *(int*)target = *(int*)source;
            *(int*)(target + length - 4) = *(int*)(source + length - 4);
        }
        else
        {
            for (var i = 0; i < length; i++)
                target[i] = source[i];
        }
    }
}
