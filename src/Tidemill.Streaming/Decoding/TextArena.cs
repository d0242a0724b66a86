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

    private readonly List<(nint Start, nuint Length)> _blocks = [];
    private int _current = -1;
    private byte* _next;
    private byte* _limit;

    /// <summary>Memory held, used or not.</summary>
    public long Capacity { get; private set; }

    /// <summary>Room for <paramref name="length"/> bytes, valid until reset or dispose. <see cref="Take"/> keeps the part used.</summary>
    // SAFETY: next and limit delimit the free rest of a block that this arena owns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public byte* Reserve(int length) => length <= _limit - _next ? _next : ReserveInNextBlock(length);

    /// <summary>Keeps the first <paramref name="length"/> bytes of what <see cref="Reserve"/> gave.</summary>
    public void Take(int length) => _next += length;

    /// <summary>Starts over; gives memory back when more than <paramref name="keptBytes"/> is held.</summary>
    public void Reset(long keptBytes)
    {
        if (Capacity > keptBytes)
            Dispose();

        _current = -1;
        _next = _limit = null;
        if (_blocks.Count > 0)
            Enter(0);
    }

    public void Dispose()
    {
        foreach (var (start, _) in _blocks)
            NativeMemory.Free((void*)start);

        _blocks.Clear();
        Capacity = 0;
        _current = -1;
        _next = _limit = null;
    }

    private byte* ReserveInNextBlock(int length)
    {
        while (_current + 1 < _blocks.Count)
        {
            Enter(_current + 1);
            if (length <= _limit - _next)
                return _next;
        }

        var size = (nuint)Math.Max(BlockBytes, length);
        _blocks.Add(((nint)NativeMemory.Alloc(size), size));
        Capacity += (long)size;
        Enter(_blocks.Count - 1);
        return _next;
    }

    private void Enter(int block)
    {
        _current = block;
        _next = (byte*)_blocks[block].Start;
        _limit = _next + _blocks[block].Length;
    }
}
