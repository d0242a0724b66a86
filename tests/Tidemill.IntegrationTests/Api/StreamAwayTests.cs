using System.Net;

namespace Tidemill.IntegrationTests.Api;

/// <summary>A stream while a store of its is away: what is known of it is shown all the same.</summary>
public sealed class StreamAwayTests
{
    private const string Orders = """
        source: {topic: orders}
        decode: {fields: {id: bigint}}
        sinks:
          - warehouse: {table: orders, on_conflict: upsert, key: [id]}
          - index: {name: search, index: orders, id: [id]}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sink_whose_store_is_away_has_its_error_in_place_of_its_position()
    {
        var url = $"http://127.0.0.1:{Servers.FreePorts.One()}";
        await using var project = await HostedProject.StartAsync(
            ("tidemill.yaml", $$"""
                name: shop
                targets:
                  dev:
                    search: {type: elasticsearch, url: ["{{url}}"]}
                topics:
                  orders: {partitions: 2}
                """),
            ("streams/orders.yaml", Orders));
        await project.PostAsync("/api/topics/orders/produce", new { value = """{"id":1}""", partition = 1 });

        await RunningServer.UntilAsync(
            async () => (await project.GetAsync("/api/streams/orders")) is var stream
                && stream.GetProperty("partitions").GetArrayLength() == 2
                && stream.GetProperty("status").GetProperty("recentErrors").GetArrayLength() > 0,
            "the stream's own error");
        var detail = await project.GetAsync("/api/streams/orders");
        Assert.False(detail.TryGetProperty("problem", out _));
        var second = detail.GetProperty("partitions")[1];
        Assert.Equal((1L, 1L), (second.GetProperty("next").GetInt64(), second.GetProperty("lag").GetInt64()));
        var (table, index) = (second.GetProperty("sinks")[0], second.GetProperty("sinks")[1]);
        Assert.Equal(1, table.GetProperty("lag").GetInt64());
        Assert.False(table.TryGetProperty("error", out _));
        Assert.Contains("127.0.0.1", index.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.False(index.TryGetProperty("lag", out _));

        var page = WebUtility.HtmlDecode(await project.Client.GetStringAsync("/streams/orders", Cancellation));
        Assert.Contains("holds is not known now: ", page, StringComparison.Ordinal);
        Assert.Contains("Last errors", page, StringComparison.Ordinal);
        Assert.Contains("unknown", page, StringComparison.Ordinal);
        Assert.Contains("Pause", page, StringComparison.Ordinal);
        using var missing = await project.Client.GetAsync("/api/streams/none", Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public async Task While_the_warehouse_is_awaited_the_stream_answers_with_the_reason()
    {
        await using var project = await HostedProject.StartAsync(
            ("tidemill.yaml", $$"""
                name: shop
                targets:
                  dev:
                    warehouse: {type: postgres, host: 127.0.0.1, port: {{Servers.FreePorts.One()}}, user: u, password: p, database: d}
                topics:
                  orders: {partitions: 2}
                """),
            ("streams/orders.yaml", Orders));
        var detail = await project.GetAsync("/api/streams/orders");
        Assert.Contains("Waiting for the warehouse", detail.GetProperty("problem").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, detail.GetProperty("partitions").GetArrayLength());
        Assert.Contains(
            "positions are not known now",
            WebUtility.HtmlDecode(await project.Client.GetStringAsync("/streams/orders", Cancellation)),
            StringComparison.Ordinal);
        using var missing = await project.Client.GetAsync("/api/streams/none", Cancellation);
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }
}
