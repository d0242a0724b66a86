using System.Collections.Concurrent;
using System.Numerics;

namespace Tidemill.Log.Consumers;

/// <summary>
/// Keeps fetch buffers for reuse, by size, four sizes between two powers of two, up to a bound on their bytes; what lay unused for
/// ten seconds is given up.
/// </summary>
internal sealed class FetchBufferPool(TimeProvider time)
{
    private const int SmallestBytes = 16 << 10;
    private const long MaxKeptBytes = 128 << 20;
    private static readonly TimeSpan Unused = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<int, ConcurrentBag<FetchBuffer>> _free = new();
    private long _keptBytes;

    // The fewest bytes kept since the last look: so many were not needed.
    private long _fewestBytes;
    private long _lookedAt = time.GetTimestamp();

    /// <summary>Bytes that wait to be used again.</summary>
    public long KeptBytes => Volatile.Read(ref _keptBytes);

    /// <summary>A buffer of at least this size with one reference.</summary>
    public FetchBuffer Rent(int bytes)
    {
        bytes = Math.Max(bytes, SmallestBytes);
        long step = Math.Max(SmallestBytes, BitOperations.RoundUpToPowerOf2((uint)bytes) / 8);
        int capacity = (int)Math.Min((bytes + step - 1) / step * step, Array.MaxLength);
        if (_free.TryGetValue(capacity, out var bag) && bag.TryTake(out var buffer)) Lower(Interlocked.Add(ref _keptBytes, -capacity));
        else buffer = new FetchBuffer(this, capacity);
        buffer.AddReference();
        return buffer;
    }

    public void Return(FetchBuffer buffer)
    {
        if (Interlocked.Add(ref _keptBytes, buffer.Capacity) <= MaxKeptBytes)
            _free.GetOrAdd(buffer.Capacity, _ => []).Add(buffer);
        else
            Interlocked.Add(ref _keptBytes, -buffer.Capacity);

        ReleaseUnused();
    }

    private void Lower(long kept)
    {
        for (long fewest = Volatile.Read(ref _fewestBytes); kept < fewest;)
            fewest = Interlocked.CompareExchange(ref _fewestBytes, kept, fewest);
    }

    private void ReleaseUnused()
    {
        long looked = Volatile.Read(ref _lookedAt);
        if (time.GetElapsedTime(looked) < Unused || Interlocked.CompareExchange(ref _lookedAt, time.GetTimestamp(), looked) != looked)
            return;
        long unused = Interlocked.Exchange(ref _fewestBytes, long.MaxValue);
        foreach (var (capacity, bag) in _free.OrderByDescending(sized => sized.Key))
        {
            while (unused >= capacity && bag.TryTake(out _))
            {
                unused -= capacity;
                Interlocked.Add(ref _keptBytes, -capacity);
            }
        }
    }
}
