using Tidemill.Log.Consumers;
using Tidemill.Tests.Time;

namespace Tidemill.Tests.Log;

public sealed class FetchBufferPoolTests
{
    private const int Bytes = 1 << 20;

    private readonly ManualTimeProvider _time = new(DateTimeOffset.UnixEpoch);

    [Fact]
    public void Buffers_that_nobody_used_for_ten_seconds_are_given_up_and_the_others_kept()
    {
        var pool = new FetchBufferPool(_time);
        UseAtOnce(pool, 8);
        Pass(pool, seconds: 11, used: 3);
        Assert.Equal(8 * Bytes, pool.KeptBytes);
        Pass(pool, seconds: 11, used: 3);
        Assert.Equal(3 * Bytes, pool.KeptBytes);
        Pass(pool, seconds: 22, used: 3);
        Assert.Equal(3 * Bytes, pool.KeptBytes);
    }

    [Theory]
    [InlineData(1, 16_384)]
    [InlineData(100_000, 114_688)]
    [InlineData(1_070_000, 1_310_720)]
    [InlineData(1_310_721, 1_572_864)]
    [InlineData(4 << 20, 4 << 20)]
    public void A_buffer_is_at_most_a_quarter_larger_than_asked_for(int asked, int given)
    {
        var buffer = new FetchBufferPool(_time).Rent(asked);
        Assert.Equal(given, buffer.Capacity);
        buffer.Release();
    }

    private void Pass(FetchBufferPool pool, int seconds, int used)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            UseAtOnce(pool, used);
        }
    }

    private static void UseAtOnce(FetchBufferPool pool, int count)
    {
        List<FetchBuffer> buffers = [.. Enumerable.Range(0, count).Select(_ => pool.Rent(Bytes))];
        buffers.ForEach(buffer => buffer.Release());
    }
}
