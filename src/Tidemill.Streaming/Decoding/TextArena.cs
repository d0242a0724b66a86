using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Tidemill.Streaming.Decoding;

/// <summary>
/// Native memory for a chunk's texts, handed out by moving a pointer. Nothing is freed one by one: <see cref="Reset"/>
/// forgets everything and keeps the memory. One thread at a time.
/// </summary>
internal sealed unsafe class TextArena : IDisposable
{
    private const int BlockBytes = 64 << 10;

    private readonly List<(nint Start, nuint Length)> blocks = [];
    private int current = -1;
    private byte* next;
    private byte* limit;

    /// <summary>Memory held, used or not.</summary>
    public long Capacity { get; private set; }

    /// <summary>Room for <paramref name="length"/> bytes, valid until reset or dispose. <see cref="Take"/> keeps the part used.</summary>
    // SAFETY: next and limit delimit the free rest of a block that this arena owns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Reserve(int length) => length <= limit - next ? next : ReserveInNextBlock(length);

    /// <summary>Keeps the first <paramref name="length"/> bytes of what <see cref="Reserve"/> gave.</summary>
    public void Take(int length) => next += length;

    /// <summary>Starts over; gives memory back when more than <paramref name="keptBytes"/> is held.</summary>
    public void Reset(long keptBytes)
    {
        if (Capacity > keptBytes)
        {
            Dispose();
        }

        current = -1;
        next = limit = null;
        if (blocks.Count > 0)
        {
            Enter(0);
        }
    }

    public void Dispose()
    {
        foreach (var (start, _) in blocks)
        {
            NativeMemory.Free((void*)start);
        }

        blocks.Clear();
        Capacity = 0;
        current = -1;
        next = limit = null;
    }

    private byte* ReserveInNextBlock(int length)
    {
        while (current + 1 < blocks.Count)
        {
            Enter(current + 1);
            if (length <= limit - next)
            {
                return next;
            }
        }

        var size = (nuint)Math.Max(BlockBytes, length);
        blocks.Add(((nint)NativeMemory.Alloc(size), size));
        Capacity += (long)size;
        Enter(blocks.Count - 1);
        return next;
    }

    private void Enter(int block)
    {
        current = block;
        next = (byte*)blocks[block].Start;
        limit = next + blocks[block].Length;
    }
}
