using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Core.Configuration;
using Tidemill.IntegrationTests.Crash;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Examples;

/// <summary>examples/transactions from records to hourly metrics and their index, on both targets, by the real program.</summary>
public sealed class TransactionsExampleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-example-").FullName;

    [Fact]
    public Task On_the_embedded_target_hours_agree_and_running_twice_changes_nothing() => RunAsync("dev", []);

    [Fact]
    public async Task On_Kafka_PostgreSQL_and_Elasticsearch_hours_agree_and_running_twice_changes_nothing()
    {
        var server = await PostgresServer.SharedAsync();
        var kafka = await KafkaServer.SharedAsync();
        var search = await SearchServer.SharedAsync(SearchType.Elasticsearch);
        var connection = await server.CreateDatabaseAsync();
        var environment = PostgresCrashTests.Environment(connection);
        environment["KAFKA_BOOTSTRAP_SERVERS"] = kafka.BootstrapServers;
        environment["ELASTICSEARCH_URL"] = search.Url;
        await kafka.DeleteTopicAsync("transactions");
        await using var index = new ElasticsearchStore(search.Connection() with { Prefix = "" }, TimeProvider.System);
        try
        {
            await RunAsync("prod", environment);
            var mapping = (await index.ListIndexesAsync(default)).Single(i => i.Name == "hourly_metrics").Mapping.Fields;
            Assert.Equal(
                "event_hour date, late_ratio float, late_transactions integer, total_amount double, total_transactions integer",
                string.Join(", ", mapping.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Key} {f.Value}")));
        }
        finally
        {
            await kafka.DeleteTopicAsync("transactions");
            await server.DropDatabaseAsync(connection);
            if (await index.ExistAsync(["hourly_metrics"], default))
                await index.DeleteIndexAsync("hourly_metrics", default);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task RunAsync(string target, Dictionary<string, string> environment)
    {
        CopyExample();
        await using var up = TidemillProcess.Start(environment, "up", _folder, "--target", target, "--port", "0", "--no-workflows");
        using var http = new HttpClient { BaseAddress = await up.ReadyAsync(DataFolder.For(_folder)), Timeout = TimeSpan.FromMinutes(3) };
        await PostAsync(http, "/api/streams/generator/pause");
        await PostAsync(http, "/api/generate", """{"count":4000}""");
        foreach (var stream in new[] { "transactions", "hourly_metrics_live" })
            await PostAsync(http, $"/api/streams/{stream}/catch-up");

        var first = await RunWorkflowAsync(http);
        var second = await RunWorkflowAsync(http);
        Assert.Equal(first, second);
        Assert.NotEmpty(first);

        var hours = await QueryAsync(
            http, "SELECT event_hour, total_transactions, total_amount, late_transactions FROM hourly_metrics ORDER BY 1");
        var live = await QueryAsync(
            http, "SELECT event_hour, total_transactions, total_amount, late_transactions FROM hourly_metrics_live ORDER BY 1");
        Assert.Equal(hours, live);
        Assert.Equal(hours.Count, first.Count);
        var shares = await QueryAsync(http, "SELECT count(*), sum(CASE WHEN is_late THEN 1 ELSE 0 END) FROM transactions_clean");
        var (rows, late) = Numbers(shares[0]);
        Assert.InRange(rows, 3800, 5000);
        Assert.InRange((double)late / rows, 0.03, 0.08);
        var executions = await QueryAsync(http, "SELECT pipeline_name, status FROM pipeline_executions");
        Assert.Equal(["[\"process_transactions\",\"success\"]", "[\"process_transactions\",\"success\"]"], executions);

        var proof = await PostAsync(http, "/api/verify");
        Assert.True(proof.GetProperty("proven").GetBoolean(), proof.ToString());
        Assert.Equal(0, await up.InterruptAsync());
    }

    /// <summary>Runs the workflow and returns the index's documents with their versions.</summary>
    private static async Task<List<string>> RunWorkflowAsync(HttpClient http)
    {
        var run = await PostAsync(http, "/api/workflows/process_transactions/runs?wait=true");
        Assert.Equal("success", run.GetProperty("status").GetString(), ignoreCase: true);
        var page = JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync("/api/search/hourly_metrics?size=100"));
        return [.. page.GetProperty("hits").EnumerateArray().Select(hit => hit.ToString())];
    }

    private static (long First, long Second) Numbers(string row)
    {
        var cells = JsonSerializer.Deserialize<JsonElement>(row).EnumerateArray()
            .Select(c => long.Parse(c.ToString(), CultureInfo.InvariantCulture)).ToList();
        return (cells[0], cells[1]);
    }

    private static async Task<JsonElement> PostAsync(HttpClient http, string path, string body = "{}")
    {
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri(path, UriKind.Relative), content);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        return text.Length == 0 ? default : JsonSerializer.Deserialize<JsonElement>(text);
    }

    /// <summary>The rows, each as its JSON text.</summary>
    private static async Task<List<string>> QueryAsync(HttpClient http, string sql)
    {
        using var content = new StringContent(JsonSerializer.Serialize(new { sql }), System.Text.Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri("/api/query", UriKind.Relative), content);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(answer.IsSuccessStatusCode, string.Join('\n', lines));
        return [.. lines.Where(line => line.StartsWith('['))];
    }

    private void CopyExample([CallerFilePath] string path = "")
    {
        var example = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../../examples/transactions"));
        foreach (var file in Directory.EnumerateFiles(example, "*", SearchOption.AllDirectories))
        {
            var relative = Path.GetRelativePath(example, file);
            if (!relative.StartsWith(".tidemill", StringComparison.Ordinal))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_folder, relative))!);
                File.Copy(file, Path.Combine(_folder, relative));
            }
        }
    }
}
