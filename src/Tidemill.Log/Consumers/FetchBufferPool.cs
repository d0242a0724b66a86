using System.Collections.Concurrent;
using System.Numerics;

namespace Tidemill.Log.Consumers;

/// <summary>Keeps fetch buffers for reuse, by size in powers of two, up to a bound on their bytes.</summary>
internal sealed class FetchBufferPool
{
    private const int SmallestBytes = 16 << 10;
    private const long MaxKeptBytes = 64 << 20;

    private readonly ConcurrentDictionary<int, ConcurrentBag<FetchBuffer>> free = new();
    private long keptBytes;

    /// <summary>A buffer of at least this size with one reference.</summary>
    public FetchBuffer Rent(int bytes)
    {
        int capacity = (int)Math.Min(BitOperations.RoundUpToPowerOf2((uint)Math.Max(bytes, SmallestBytes)), (uint)Array.MaxLength);
        if (free.TryGetValue(capacity, out var bag) && bag.TryTake(out var buffer)) Interlocked.Add(ref keptBytes, -capacity);
        else buffer = new FetchBuffer(this, capacity);
        buffer.AddReference();
        return buffer;
    }

    public void Return(FetchBuffer buffer)
    {
        if (Interlocked.Add(ref keptBytes, buffer.Capacity) <= MaxKeptBytes)
        {
            free.GetOrAdd(buffer.Capacity, _ => []).Add(buffer);
        }
        else
        {
            Interlocked.Add(ref keptBytes, -buffer.Capacity);
        }
    }
}
