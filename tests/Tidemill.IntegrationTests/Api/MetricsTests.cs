using Tidemill.Tests.Observability;

namespace Tidemill.IntegrationTests.Api;

public sealed class MetricsTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task Metrics_page_is_valid_and_tells_of_streams_topics_and_process()
    {
        await server.PostAsync("/api/topics/orders/records", """{"id":77,"amount":1}""");
        await RunningServer.UntilAsync(async () => (await ReadAsync()).Any(s =>
            s.Name == "tidemill_stream_records_total" && s.Labels["stream"] == "orders" && s.Value >= 1), "a committed record");
        var samples = await ReadAsync();
        foreach (var name in (string[])[
            "tidemill_stream_lag_records", "tidemill_stream_dead_letters_total", "tidemill_stream_commit_latency_seconds",
            "tidemill_stream_stage_seconds", "tidemill_stream_state", "tidemill_topic_bytes", "process_resident_memory_bytes",
            "dotnet_gc_collections_total", "tidemill_warehouse_up"])
        {
            Assert.Contains(samples, s => s.Name == name);
        }

        Assert.Equal(1, samples.Where(s => s.Name == "tidemill_stream_state" && s.Labels["stream"] == "orders").Sum(s => s.Value));
    }

    private async Task<IReadOnlyList<Sample>> ReadAsync()
    {
        using var response = await server.Client.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        return PrometheusText.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
