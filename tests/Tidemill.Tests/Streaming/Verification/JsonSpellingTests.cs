using Tidemill.Streaming.Verification;

namespace Tidemill.Tests.Streaming.Verification;

public sealed class JsonSpellingTests
{
    [Theory]
    [InlineData("2.50", "25e-1")]
    [InlineData("1e2", "100")]
    [InlineData("-0.0", "0")]
    [InlineData("1E+300", "1e300")]
    [InlineData("-1230000000000000000000000000000000000000000", "-1.23e42")]
    [InlineData("0.12345678901234567890123456789012345678", "0.12345678901234568")]
    [InlineData("""{"b": 1, "a": [1.0, "\u00fc"], "b": 2}""", """{"a":[1,"ü"],"b":2.0}""")]
    public void What_is_the_same_is_spelt_alike(string one, string other) =>
        Assert.Equal(JsonSpelling.Canonical(one), JsonSpelling.Canonical(other));

    [Theory]
    [InlineData("1", "-1")]
    [InlineData("1", "10")]
    [InlineData("0.1", "0.01")]
    [InlineData("1", "\"1\"")]
    [InlineData("12345678901234567890123456789012.34", "12345678901234567890123456789012.35")]
    [InlineData("""{"a":[1,2]}""", """{"a":[2,1]}""")]
    [InlineData("""{"a":null}""", """{}""")]
    public void What_differs_is_told_apart(string one, string other) =>
        Assert.NotEqual(JsonSpelling.Canonical(one), JsonSpelling.Canonical(other));

    [Fact]
    public void Documents_as_deep_as_stores_take_them_are_spelt() =>
        Assert.Equal(
            new string('[', 200) + new string(']', 200), JsonSpelling.Canonical(new string('[', 200) + " " + new string(']', 200)));
}
