using Tidemill.Connectors.DuckDb.Keys;

namespace Tidemill.Tests.Warehouses.Keys;

public sealed class KeySetTests
{
    [Theory]
    [InlineData(1, 400)]
    [InlineData(2, 50_000)]
    [InlineData(3, int.MaxValue)]
    public void It_agrees_with_a_managed_set_while_keys_come_and_go(int seed, int range)
    {
        var random = new Random(seed);
        using var keys = new KeySet();
        var known = new HashSet<UInt128>();
        var added = new List<UInt128>();
        for (var i = 0; i < 400_000; i++)
        {
            // Small numbers count up, as identities do; the others are spread over all bits.
            var key = random.Next(2) == 0 ? (UInt128)(uint)random.Next(range) : new UInt128((ulong)random.Next(range) << 40, 7);
            if (random.Next(4) == 0 && added.Count > 0)
            {
                var at = random.Next(added.Count);
                var gone = added[at];
                added[at] = added[^1];
                added.RemoveAt(added.Count - 1);
                keys.Remove(gone);
                known.Remove(gone);
            }

            var isNew = known.Add(key);
            Assert.Equal(isNew, keys.Add(key));
            if (isNew)
                added.Add(key);
        }

        Assert.Equal(known.Count, keys.Count);
        Assert.All(known, key => Assert.False(keys.Add(key)));
    }

    [Fact]
    public void A_key_takes_about_23_bytes()
    {
        var random = new Random(4);
        using var keys = new KeySet();
        var bytes = 0.0;
        for (var i = 1; i <= 3_000_000; i++)
        {
            keys.Add(new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64()));
            bytes += i >= 1_000_000 && i % 100_000 == 0 ? (double)keys.Bytes / i : 0;
        }

        Assert.InRange(bytes / 21, 20, KeySet.KeyBytes);
    }

    [Fact]
    public void Keys_that_count_up_are_spread_as_evenly_as_random_ones()
    {
        using var numbers = new KeySet();
        using var uuids = new KeySet();
        using var random = new KeySet();
        var draw = new Random(5);
        for (var i = 0; i < 1_000_000; i++)
        {
            numbers.Add((uint)i);
            uuids.Add(new UInt128(0x0190_0000_0000_7000UL + ((ulong)i << 16), 0x8000_0000_0000_0000UL | (uint)(i * 31)));
            random.Add(new UInt128((ulong)draw.NextInt64(), (ulong)draw.NextInt64()));
        }

        Assert.InRange((double)numbers.Bytes / random.Bytes, 0.9, 1.1);
        Assert.InRange((double)uuids.Bytes / random.Bytes, 0.9, 1.1);
    }
}
