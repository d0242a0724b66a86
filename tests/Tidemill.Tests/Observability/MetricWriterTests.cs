using Tidemill.Observability.Metrics;

namespace Tidemill.Tests.Observability;

public sealed class MetricWriterTests
{
    [Fact]
    public void Label_values_read_back_whatever_they_hold()
    {
        var hostile = "a\\b\"c\nd{e}=,\u00e9";
        var text = new MetricWriter().Gauge("g", "Help with \\ and\nline.").Sample(1.5, ("topic", hostile)).ToString();
        var sample = Assert.Single(PrometheusText.Parse(text));
        Assert.Equal(hostile, sample.Labels["topic"]);
        Assert.Equal(1.5, sample.Value);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(1e300)]
    [InlineData(-0.1)]
    [InlineData(123456789012345d)]
    public void Values_read_back(double value) =>
        Assert.Equal(value, PrometheusText.Parse(new MetricWriter().Gauge("g", "h").Sample(value).ToString())[0].Value);

    [Fact]
    public void Quantiles_are_samples_of_the_summary()
    {
        var text = new MetricWriter().Summary("s_seconds", "h").Quantile(0.99, 2, ("stream", "a")).ToString();
        Assert.Equal("0.99", Assert.Single(PrometheusText.Parse(text)).Labels["quantile"]);
    }

    [Fact]
    public void Counter_must_end_in_total() => Assert.Throws<ArgumentException>(() => new MetricWriter().Counter("records", "h"));

    [Fact]
    public void Family_cannot_be_written_twice()
    {
        var writer = new MetricWriter().Gauge("g", "h");
        Assert.Throws<InvalidOperationException>(() => writer.Gauge("g", "h"));
    }

    [Fact]
    public void Process_metrics_are_valid()
    {
        var writer = new MetricWriter();
        ProcessMetrics.Write(writer);
        var samples = PrometheusText.Parse(writer.ToString());
        Assert.True(samples.Single(s => s.Name == "process_resident_memory_bytes").Value > 1e6);
        Assert.Contains(samples, s => s.Name == "dotnet_gc_collections_total" && s.Labels["generation"] == "2");
    }
}
