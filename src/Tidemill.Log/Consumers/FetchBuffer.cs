namespace Tidemill.Log.Consumers;

/// <summary>
/// Pinned memory that a run of batches was read into, shared by the cursor still decoding it and the fetches handed
/// out. It goes back to its pool with the last reference. Pinned on the managed heap: a fetch that nobody disposes
/// costs its reuse, not a leak.
/// </summary>
internal sealed unsafe class FetchBuffer
{
    private readonly FetchBufferPool pool;
    private readonly byte[] bytes;
    private int references;

    public FetchBuffer(FetchBufferPool pool, int capacity)
    {
        this.pool = pool;
        bytes = GC.AllocateUninitializedArray<byte>(capacity, pinned: true);
        Pointer = (byte*)System.Runtime.CompilerServices.Unsafe.AsPointer(
            ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(bytes));
    }

    public int Capacity => bytes.Length;

    // SAFETY: the array is pinned for life, and whoever uses the pointer holds a reference to this object.
    public byte* Pointer { get; }

    public Span<byte> Span => bytes;

    public void AddReference() => Interlocked.Increment(ref references);

    public void Release()
    {
        if (Interlocked.Decrement(ref references) == 0) pool.Return(this);
    }
}
