using System.Text.Json;
using Tidemill.IntegrationTests.Api;
using Tidemill.IntegrationTests.Crash;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>Dead letters whose place is a topic on a real Kafka, worked with by API and command line.</summary>
public sealed class KafkaDeadLetterTests
{
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task Letters_are_written_listed_edited_replayed_and_discarded_once()
    {
        var kafka = await KafkaServer.SharedAsync();
        var topic = "letters-" + Guid.NewGuid().ToString("N");
        var broken = topic + "-broken";
        await using (var project = await StartAsync(kafka, topic, broken))
        {
            await project.PostAsync($"/api/topics/{topic}/produce", new { key = "k1", value = """{"id":1,"amount":1}""", partition = 0 });
            await project.PostAsync(
                $"/api/topics/{topic}/produce",
                new { key = "k2", value = """{"id":2,"amount":"x""", partition = 1, headers = new { shop = "s" } });
            await project.PostAsync($"/api/topics/{topic}/produce", new { key = "k3", value = "[1]", partition = 0 });
            await project.PostAsync($"/api/topics/{topic}/produce", new { key = "k4", value = """{"id":4,"amount":4}""", partition = 1 });
            await RunningServer.UntilAsync(
                async () => (await project.GetAsync("/api/streams/sales")).GetProperty("partitions").EnumerateArray()
                    .Sum(p => p.GetProperty("lag").GetInt64()) == 0 && await OpenAsync(project) == 2,
                "both letters");

            await TheTopicHoldsTheRecordsUnchangedAsync(project, topic, broken);
            await TheyAreMendedAsync(project, topic);
            await project.RestartAsync();
            await RunningServer.UntilAsync(async () => await OpenAsync(project) == 0, "no open letter");
            var all = (await project.GetAsync("/api/dead-letters?stream=sales")).GetProperty("letters").EnumerateArray().ToList();
            Assert.Equal(["Discarded", "Replayed"], all.Select(l => l.GetProperty("status").GetString()).Order());
            Assert.True((await project.PostAsync("/api/verify", new { stream = "sales" })).GetProperty("proven").GetBoolean());
            Assert.Equal(2, (await SearchAsync(project, broken)).Count);
        }

        await kafka.DeleteTopicAsync(topic);
        await kafka.DeleteTopicAsync(broken);
    }

    private static Task<HostedProject> StartAsync(KafkaServer kafka, string topic, string broken) => HostedProject.StartAsync(
        ("tidemill.yaml", $$"""
            name: {{topic}}
            targets:
              dev:
                log: {type: kafka, bootstrap_servers: "{{kafka.BootstrapServers}}"}
            topics:
              {{topic}}: {partitions: 2}
              {{broken}}: {partitions: 2}
            """),
        ("streams/sales.yaml", $$"""
            source: {topic: {{topic}}}
            decode:
              fields:
                id: {type: bigint, required: true}
                amount: decimal(18,2)
            dead_letters: {topic: {{broken}}}
            sinks:
              - warehouse: {table: sales, on_conflict: upsert, key: [id]}
            """));

    private static async Task TheTopicHoldsTheRecordsUnchangedAsync(HostedProject project, string topic, string broken)
    {
        var records = await SearchAsync(project, broken);
        Assert.Equal(["k2", "k3"], records.Select(r => Text(r, "key")).Order());
        var cut = records.Single(r => Text(r, "key") == "k2");
        Assert.Equal("""{"id":2,"amount":"x""", Text(cut, "value"));
        var headers = cut.GetProperty("headers").EnumerateArray()
            .ToDictionary(
                h => h.GetProperty("name").GetString()!,
                h => h.TryGetProperty("value", out var value) ? value.GetProperty("text").GetString() : null);
        Assert.Equal(
            ("s", "sales", topic, "1", "0", "DecodeFailed"),
            (headers["shop"], headers["tidemill.errors.stream"], headers["tidemill.errors.topic"], headers["tidemill.errors.partition"],
                headers["tidemill.errors.offset"], headers["tidemill.errors.code"]));
    }

    /// <summary>One letter by its edited value; the other is given up.</summary>
    private static async Task TheyAreMendedAsync(HostedProject project, string topic)
    {
        var listed = JsonSerializer.Deserialize<JsonElement>(await SucceedsAsync(project, "list", "--json"));
        Assert.Equal(2, listed.GetProperty("open").GetInt32());
        var position = new { topic, partition = 1, offset = 0 };
        var refused = await project.PostAsync(
            "/api/dead-letters/preview", new { stream = "sales", positions = new[] { position }, value = "{}" });
        Assert.False(refused.GetProperty("accepted").GetBoolean());
        Assert.Contains(
            "Kept", await SucceedsAsync(project, "edit", $"{topic}/1/0", "--value", """{"id":2,"amount":7.5}"""), StringComparison.Ordinal);
        Assert.Equal(2, await OpenAsync(project));

        var replayed = await project.PostAsync("/api/dead-letters/replay", new { stream = "sales" });
        Assert.Equal((1, 1), (replayed.GetProperty("replayed").GetInt32(), replayed.GetProperty("remaining").GetInt32()));
        var again = await CommandAsync(project, "replay");
        Assert.NotEqual(0, again.ExitCode);
        Assert.Contains("0 replayed, 1 still fail", again.Output, StringComparison.Ordinal);
        Assert.Contains("1 discarded", await SucceedsAsync(project, "discard", "--all"), StringComparison.Ordinal);
        using var rows = await project.Client.PostAsync(
            "/api/query", new StringContent(
                """{"sql":"SELECT sum(amount)::VARCHAR, count(*) FROM sales"}""", System.Text.Encoding.UTF8, "application/json"));
        Assert.Contains("[\"12.50\",3]", await rows.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static async Task<long> OpenAsync(HostedProject project) =>
        (await project.GetAsync("/api/dead-letters?stream=sales&status=Open")).GetProperty("open").GetInt64();

    private static async Task<List<JsonElement>> SearchAsync(HostedProject project, string topic) =>
        [.. (await project.GetAsync($"/api/topics/{topic}/search?from=earliest&limit=100")).GetProperty("records").EnumerateArray()];

    private static string? Text(JsonElement record, string what) => record.GetProperty(what).GetProperty("text").GetString();

    private static async Task<string> SucceedsAsync(HostedProject project, params string[] arguments)
    {
        var (code, output) = await CommandAsync(project, arguments);
        Assert.True(code == 0, output);
        return output;
    }

    private static Task<(int ExitCode, string Output)> CommandAsync(HostedProject project, params string[] arguments) =>
        TidemillProcess.RunAsync(Nothing, ["dead-letters", .. arguments, "--stream", "sales", "--project", project.Folder]);
}
