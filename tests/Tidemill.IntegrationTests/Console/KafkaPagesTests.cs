using System.Text.Json;
using Microsoft.Playwright;
using Tidemill.IntegrationTests.Api;
using Tidemill.IntegrationTests.Servers;
using static Microsoft.Playwright.Assertions;

namespace Tidemill.IntegrationTests.Console;

/// <summary>The pages of topics, groups and streams on a real Kafka.</summary>
public sealed class KafkaPagesTests(Browser browser) : IClassFixture<Browser>, IAsyncLifetime
{
    private readonly string _topic = "pages-" + Guid.NewGuid().ToString("N");
    private KafkaServer _kafka = null!;
    private HostedProject _project = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _kafka = await KafkaServer.SharedAsync();
        _project = await HostedProject.StartAsync(
            ("tidemill.yaml", $"""
                name: {_topic}
                targets:
                  dev:
                    log:
                      type: kafka
                      bootstrap_servers: "{_kafka.BootstrapServers}"
                topics:
                  {_topic}:
                    partitions: 2
                """),
            ("streams/sales.yaml", $"""
                source:
                  topic: {_topic}
                decode:
                  fields:
                    id: bigint
                    currency: text
                sinks:
                  - warehouse:
                      table: sales
                      on_conflict: upsert
                      key: [id]
                """));
    }

    public async ValueTask DisposeAsync()
    {
        if (_project is not null)
        {
            await _project.DisposeAsync();
            await _kafka.DeleteTopicAsync(_topic);
        }
    }

    [Fact]
    public async Task Topic_group_and_stream_are_browsed_and_moved()
    {
        for (var id = 0; id < 20; id++)
        {
            await _project.PostAsync($"/api/topics/{_topic}/produce", new
            {
                key = $"k{id}",
                value = JsonSerializer.Serialize(new { id, currency = id % 2 == 0 ? "EUR" : "USD" }),
                headers = new Dictionary<string, string> { ["shop"] = "s" },
                partition = id % 2,
            });
        }

        var found = await _project.GetAsync(
            $"/api/topics/{_topic}/search?limit=3&where={Uri.EscapeDataString("(value->>'currency') = 'EUR' AND (headers->>'shop') = 's'")}");
        Assert.Equal(
            ["k18", "k16", "k14"],
            found.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("key").GetProperty("text").GetString()));
        Assert.Equal(
            "k3", (await _project.GetAsync($"/api/topics/{_topic}/records/1/1")).GetProperty("key").GetProperty("text").GetString());
        await RunningServer.UntilAsync(
            async () => (await _project.GetAsync("/api/streams/sales")).GetProperty("partitions")
                .EnumerateArray()
                .All(p => p.GetProperty("lag").GetInt64() == 0), "no lag");

        await using var visit = await browser.OpenAsync(_project.Host.Url, $"/topics/{_topic}", 1280, 900, ColorScheme.Light);
        await Expect(visit.Page.Locator("#partitions")).ToContainTextAsync("1 in sync");
        await Expect(visit.Page.Locator("#records")).ToContainTextAsync("k19");
        Assert.Empty(await visit.Page.EvaluateAsync<string[]>(AccessibilityCheck.Script));
        await visit.Page.GotoAsync($"/groups/tidemill.{_topic}.sales");
        await Expect(visit.Page.Locator("#members")).ToContainTextAsync($"{_topic}/0", new() { Timeout = 15_000 });
        await Expect(visit.Page.Locator(".banner")).ToContainTextAsync("sales");

        using (var paused = await _project.Client.PostAsync("/api/streams/sales/pause", null, Cancellation))
        {
            Assert.True(
            paused.IsSuccessStatusCode);
        }

        Assert.Equal(8, (await _project.PostAsync("/api/streams/sales/positions", new { to = "-4" })).GetProperty("repeated").GetInt64());
        using (var resumed = await _project.Client.PostAsync("/api/streams/sales/resume", null, Cancellation))
        {
            Assert.True(
            resumed.IsSuccessStatusCode);
        }

        await RunningServer.UntilAsync(
            async () => (await _project.GetAsync("/api/streams/sales")).GetProperty("status").GetProperty("records").GetInt64() == 28,
            "the records once more");

        var group = _topic + "-group";
        await _project.PostAsync($"/api/groups/{group}/positions", new { to = "latest", topic = _topic });
        await _project.PostAsync($"/api/groups/{group}/positions", new { to = "-3", partition = 0, topic = _topic });
        Assert.Equal(3, (await _project.GetAsync($"/api/groups/{group}")).GetProperty("lag").GetInt64());
        Assert.Empty(visit.Errors);
    }
}
