using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Values;

namespace Tidemill.Tests.Core.Configuration;

public sealed class ValueTextTests
{
    [Theory]
    [InlineData("200ms", 0.2)]
    [InlineData("5s", 5)]
    [InlineData("1.5s", 1.5)]
    [InlineData("2m", 120)]
    [InlineData("1h30m", 5400)]
    [InlineData("7d", 604_800)]
    [InlineData("2w", 1_209_600)]
    [InlineData("0s", 0)]
    [InlineData("PT5M", 300)]
    [InlineData("P1DT2H3M4.5S", 93_784.5)]
    [InlineData("P2W", 1_209_600)]
    public void Durations_are_read(string text, double seconds)
    {
        Assert.True(DurationText.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("-5s")]
    [InlineData("5 s")]
    [InlineData("5S")]
    [InlineData("P")]
    [InlineData("PT")]
    [InlineData("P1DT")]
    [InlineData("P1M")]
    [InlineData("P1Y")]
    [InlineData("5m3")]
    [InlineData("99999999999d")]
    public void What_is_not_a_duration_is_refused(string text) => Assert.False(DurationText.TryParse(text, out _));

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1024", 1024)]
    [InlineData("16B", 16)]
    [InlineData("512KiB", 524_288)]
    [InlineData("16MB", 16_000_000)]
    [InlineData("1.5 MiB", 1_572_864)]
    [InlineData("10GB", 10_000_000_000)]
    [InlineData("2tib", 2_199_023_255_552)]
    public void Sizes_are_read(string text, long bytes)
    {
        Assert.True(ByteSizeText.TryParse(text, out var size));
        Assert.Equal(bytes, size);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("1XB")]
    [InlineData("iB")]
    [InlineData("lots")]
    [InlineData("1e9")]
    [InlineData("99999999TB")]
    public void What_is_not_a_size_is_refused(string text) => Assert.False(ByteSizeText.TryParse(text, out _));

    [Theory]
    [InlineData("tabel", "table")]
    [InlineData("retires", "retries")]
    [InlineData("SINKS", "sinks")]
    [InlineData("xyz", null)]
    public void Suggestion_is_the_nearest_word_or_none(string word, string? expected) =>
        Assert.Equal(expected, Suggestion.For(word, ["table", "retries", "sinks", "name"]));
}
