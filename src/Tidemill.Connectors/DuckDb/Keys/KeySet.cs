using System.Runtime.InteropServices;

namespace Tidemill.Connectors.DuckDb.Keys;

/// <summary>
/// A set of 128-bit keys outside the managed heap, about 22 bytes each: open addressing with linear probing in shards that grow by a
/// quarter, one at a time, so that no growth copies all of it. Used by one caller at a time.
/// </summary>
internal sealed unsafe class KeySet : IDisposable
{
    /// <summary>What a key takes on average, shards being between 64 and 80 percent full.</summary>
    public const int KeyBytes = 23;

    private const int ShardBits = 8;
    private const int FirstCapacity = 8;

    private static readonly (ulong Low, ulong High, ulong Factor) Secrets =
        ((ulong)Random.Shared.NextInt64(), (ulong)Random.Shared.NextInt64(), (ulong)Random.Shared.NextInt64() | 1);

    private readonly Shard[] _shards = new Shard[1 << ShardBits];

    // An empty slot is 0, so the key 0 has a place of its own.
    private bool _hasZero;

    public long Count { get; private set; }

    /// <summary>What the set takes.</summary>
    public long Bytes { get; private set; }

    /// <summary>False when the key is there already.</summary>
    public bool Add(UInt128 key)
    {
        if (key == UInt128.Zero)
        {
            var added = !_hasZero;
            _hasZero = true;
            Count += added ? 1 : 0;
            return added;
        }

        var mixed = Mix(key);
        ref var shard = ref _shards[mixed >> (64 - ShardBits)];
        if (shard.Count * 5L >= shard.Capacity * 4L)
            Grow(ref shard);

        var slot = shard.Find(key, mixed);
        if (shard.Slots[slot] == key)
            return false;

        shard.Slots[slot] = key;
        shard.Count++;
        Count++;
        return true;
    }

    /// <summary>Takes a key out that is there.</summary>
    public void Remove(UInt128 key)
    {
        Count--;
        if (key == UInt128.Zero)
        {
            _hasZero = false;
            return;
        }

        var mixed = Mix(key);
        ref var shard = ref _shards[mixed >> (64 - ShardBits)];
        shard.Empty(shard.Find(key, mixed));
        shard.Count--;
    }

    public void Dispose()
    {
        foreach (ref var shard in _shards.AsSpan())
        {
            NativeMemory.Free(shard.Slots);
            shard = default;
        }

        (Count, Bytes, _hasZero) = (0, 0, false);
    }

    private void Grow(ref Shard shard)
    {
        var grown = new Shard(checked(shard.Capacity + Math.Max(FirstCapacity, shard.Capacity / 4)));
        for (var slot = 0; slot < shard.Capacity; slot++)
        {
            if (shard.Slots[slot] is var key && key != UInt128.Zero)
                grown.Slots[grown.Find(key, Mix(key))] = key;
        }

        grown.Count = shard.Count;
        NativeMemory.Free(shard.Slots);
        Bytes += (long)(grown.Capacity - shard.Capacity) * sizeof(UInt128);
        shard = grown;
    }

    /// <summary>
    /// Spreads keys that count up, such as numbers and UUIDs of version 7, in a way of this process's own: nobody can choose
    /// keys that meet. Source: the finalizer of MurmurHash3 (fmix64).
    /// </summary>
    private static ulong Mix(UInt128 key)
    {
        var mixed = ((ulong)key ^ Secrets.Low) + (((ulong)(key >> 64) ^ Secrets.High) * Secrets.Factor);
        mixed = (mixed ^ (mixed >> 33)) * 0xFF51AFD7ED558CCD;
        mixed = (mixed ^ (mixed >> 33)) * 0xC4CEB9FE1A85EC53;
        return mixed ^ (mixed >> 33);
    }

    private struct Shard
    {
        public Shard(int capacity)
        {
            // SAFETY: owned by the set, which frees it when the shard grows or the set is disposed.
            Slots = (UInt128*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)sizeof(UInt128));
            Capacity = capacity;
        }

        public UInt128* Slots;
        public int Capacity;
        public int Count;

        /// <summary>The key's slot, or the empty one where it belongs. A shard is never full.</summary>
        public readonly int Find(UInt128 key, ulong mixed)
        {
            var slot = Home(mixed);
            while (Slots[slot] != UInt128.Zero && Slots[slot] != key)
                slot = slot + 1 == Capacity ? 0 : slot + 1;

            return slot;
        }

        /// <summary>Empties a slot and moves those behind it up that would not be found any more.</summary>
        public readonly void Empty(int slot)
        {
            for (var next = slot; ;)
            {
                next = next + 1 == Capacity ? 0 : next + 1;
                if (Slots[next] == UInt128.Zero)
                {
                    Slots[slot] = UInt128.Zero;
                    return;
                }

                var home = Home(Mix(Slots[next]));
                var reached = slot <= next ? home > slot && home <= next : home > slot || home <= next;
                if (!reached)
                {
                    Slots[slot] = Slots[next];
                    slot = next;
                }
            }
        }

        /// <summary>The bits below those that choose the shard, scaled to the capacity.</summary>
        private readonly int Home(ulong mixed) => (int)(((mixed << ShardBits >> 32) * (ulong)Capacity) >> 32);
    }
}
