using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Streaming.Positions;

namespace Tidemill.Tests.Streaming.Positions;

public sealed class PositionTargetTests
{
    private static readonly PartitionDescription Partition = new(0, new LogOffset(100), new LogOffset(200), null);

    [Theory]
    [InlineData("earliest", 100)]
    [InlineData("LATEST", 200)]
    [InlineData("150", 150)]
    [InlineData("0", 100)]
    [InlineData("9999", 200)]
    [InlineData("+10", 170)]
    [InlineData("-10", 150)]
    [InlineData("-9223372036854775808", 100)]
    [InlineData("+9223372036854775807", 200)]
    [InlineData(" -1 ", 159)]
    public async Task Text_means_an_offset_within_what_the_log_holds(string text, long expected)
    {
        await using var bench = await StreamBench.OpenAsync();
        var offset = await PositionTarget.Parse(text).ResolveAsync(bench.Log, StreamBench.Topic, Partition, new LogOffset(160), default);
        Assert.Equal(expected, offset.Value);
    }

    [Fact]
    public async Task Time_means_the_first_record_at_or_after_it()
    {
        await using var bench = await StreamBench.OpenAsync(partitions: 1);
        await using var producer = bench.Log.CreateProducer(new ProducerOptions());
        var start = new DateTimeOffset(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
        await producer.ProduceAsync(
            StreamBench.Topic, [.. Enumerable.Range(0, 10).Select(i => new ProducerRecord { Timestamp = start.AddMinutes(i) })], default);
        var partition = (await bench.Log.DescribeTopicAsync(StreamBench.Topic, default))!.Partitions[0];
        Assert.Equal(4, (await ResolveAsync("2026-01-31T12:03:30Z")).Value);
        Assert.Equal(4, (await ResolveAsync("2026-01-31 12:04")).Value);
        Assert.Equal(4, (await ResolveAsync("2026-01-31T13:04:00+01:00")).Value);
        Assert.Equal(10, (await ResolveAsync("2027-01-01")).Value);

        Task<LogOffset> ResolveAsync(string text) =>
            PositionTarget.Parse(text).ResolveAsync(bench.Log, StreamBench.Topic, partition, LogOffset.Zero, default);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("first")]
    [InlineData("1e3")]
    [InlineData("99999999999999999999")]
    public void Anything_else_is_refused_with_what_there_is(string? text)
    {
        var error = Assert.Throws<TidemillException>(() => PositionTarget.Parse(text));
        Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        Assert.Contains("earliest", error.Message);
    }
}
