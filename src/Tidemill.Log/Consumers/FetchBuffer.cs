namespace Tidemill.Log.Consumers;

/// <summary>
/// Pinned memory that a run of batches was read into, shared by the cursor still decoding it and the fetches handed
/// out. It goes back to its pool with the last reference. Pinned on the managed heap: a fetch that nobody disposes
/// costs its reuse, not a leak.
/// </summary>
internal sealed unsafe class FetchBuffer
{
    private readonly FetchBufferPool _pool;
    private readonly byte[] _bytes;
    private int _references;

    public FetchBuffer(FetchBufferPool pool, int capacity)
    {
        this._pool = pool;
        _bytes = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
        Pointer = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(
            ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_bytes));
    }

    public int Capacity => _bytes.Length;

    // SAFETY: the array is pinned for life, and whoever uses the pointer holds a reference to this object.
    public byte* Pointer { get; }

    public Span<byte> Span => _bytes;

    public void AddReference() => Interlocked.Increment(ref _references);

    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) _pool.Return(this);
    }
}
