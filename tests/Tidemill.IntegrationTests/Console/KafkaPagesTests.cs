using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Playwright;
using Tidemill.IntegrationTests.Api;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Server.Hosting;
using static Microsoft.Playwright.Assertions;

namespace Tidemill.IntegrationTests.Console;

/// <summary>The pages of topics, groups and streams on a real Kafka.</summary>
public sealed class KafkaPagesTests(Browser browser) : IClassFixture<Browser>, IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-kafka-pages-").FullName;
    private readonly string _topic = "pages-" + Guid.NewGuid().ToString("N");
    private KafkaServer _kafka = null!;
    private TidemillHost _host = null!;
    private HttpClient _client = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _kafka = await KafkaServer.SharedAsync();
        await WriteAsync("tidemill.yaml", $"""
            name: {_topic}
            targets:
              dev:
                log:
                  type: kafka
                  bootstrap_servers: "{_kafka.BootstrapServers}"
            topics:
              {_topic}:
                partitions: 2
            """);
        await WriteAsync("streams/sales.yaml", $"""
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
            """);
        _host = await TidemillHost.StartAsync(new HostOptions { ProjectFolder = _folder, Port = 0, RunWorkflows = false }, Cancellation);
        _client = new HttpClient { BaseAddress = _host.Url };
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            _client.Dispose();
            await _host.DisposeAsync();
            await _kafka.DeleteTopicAsync(_topic);
        }

        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Topic_group_and_stream_are_browsed_and_moved()
    {
        for (var id = 0; id < 20; id++)
        {
            await PostAsync($"/api/topics/{_topic}/produce", new
            {
                key = $"k{id}",
                value = JsonSerializer.Serialize(new { id, currency = id % 2 == 0 ? "EUR" : "USD" }),
                headers = new Dictionary<string, string> { ["shop"] = "s" },
                partition = id % 2,
            });
        }

        var found = await GetAsync($"/api/topics/{_topic}/search?limit=3&where={Uri.EscapeDataString("(value->>'currency') = 'EUR' AND (headers->>'shop') = 's'")}");
        Assert.Equal(["k18", "k16", "k14"], found.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("key").GetProperty("text").GetString()));
        Assert.Equal("k3", (await GetAsync($"/api/topics/{_topic}/records/1/1")).GetProperty("key").GetProperty("text").GetString());
        await RunningServer.UntilAsync(
            async () => (await GetAsync("/api/streams/sales")).GetProperty("partitions").EnumerateArray().All(p => p.GetProperty("lag").GetInt64() == 0), "no lag");

        await using var visit = await browser.OpenAsync(_host.Url, $"/topics/{_topic}", 1280, 900, ColorScheme.Light);
        await Expect(visit.Page.Locator("#partitions")).ToContainTextAsync("1 in sync");
        await Expect(visit.Page.Locator("#records")).ToContainTextAsync("k19");
        Assert.Empty(await visit.Page.EvaluateAsync<string[]>(AccessibilityCheck.Script));
        await visit.Page.GotoAsync($"/groups/tidemill.{_topic}.sales");
        await Expect(visit.Page.Locator("#members")).ToContainTextAsync($"{_topic}/0", new() { Timeout = 15_000 });
        await Expect(visit.Page.Locator(".banner")).ToContainTextAsync("sales");

        using (var paused = await _client.PostAsync("/api/streams/sales/pause", null, Cancellation)) Assert.True(paused.IsSuccessStatusCode);
        Assert.Equal(8, (await PostAsync("/api/streams/sales/positions", new { to = "-4" })).GetProperty("repeated").GetInt64());
        using (var resumed = await _client.PostAsync("/api/streams/sales/resume", null, Cancellation)) Assert.True(resumed.IsSuccessStatusCode);
        await RunningServer.UntilAsync(
            async () => (await GetAsync("/api/streams/sales")).GetProperty("status").GetProperty("records").GetInt64() == 28, "the records once more");

        var group = _topic + "-group";
        await PostAsync($"/api/groups/{group}/positions", new { to = "latest", topic = _topic });
        await PostAsync($"/api/groups/{group}/positions", new { to = "-3", partition = 0, topic = _topic });
        Assert.Equal(3, (await GetAsync($"/api/groups/{group}")).GetProperty("lag").GetInt64());
        Assert.Empty(visit.Errors);
    }

    private async Task WriteAsync(string path, string text)
    {
        var full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        await File.WriteAllTextAsync(full, text, Cancellation);
    }

    private async Task<JsonElement> GetAsync(string path) => await ReadAsync(await _client.GetAsync(path, Cancellation));

    private async Task<JsonElement> PostAsync(string path, object body) => await ReadAsync(await _client.PostAsJsonAsync(path, body, Cancellation));

    private static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync(Cancellation);
            Assert.True(response.IsSuccessStatusCode, text);
            return JsonDocument.Parse(text).RootElement;
        }
    }
}
