using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Tidemill.Server.Hosting;

namespace Tidemill.IntegrationTests.Api;

/// <summary>A whole server on a free port, over a project in a temporary folder. Shared by the tests of a class.</summary>
public sealed class RunningServer : IAsyncLifetime
{
    private const string Project = """
        name: shop
        targets: {dev: {}}
        topics:
          orders: {partitions: 2, max_record_bytes: 4096}
          plain: {}
        """;

    private const string Orders = """
        source: {topic: orders}
        decode:
          fields:
            id: {type: bigint, required: true}
            amount: {type: "decimal(18,2)", required: true}
            placed: {type: timestamp}
        sinks:
          - warehouse: {table: orders, on_conflict: ignore, key: [id]}
        """;

    private const string Maker = """
        source:
          generator: {seed: 1, rate: 1, limit: 0, fields: {id: sequence, amount: {amount: {min: 1, max: 9}}, at: now}}
        sinks: [{topic: plain}]
        """;

    private const string Summary = """
        schedule: "@yearly"
        tasks:
          - name: totals
            sql:
              - CREATE TABLE IF NOT EXISTS totals (n bigint)
              - INSERT INTO totals SELECT count(*) FROM orders
          - name: documents
            index: {name: totals, query: "SELECT n FROM totals", id: n}
        """;

    private const string Dashboard = """
        tiles: [{title: Orders stored, query: SELECT count(*) FROM orders}]
        charts:
          - title: Orders by minute
            query: SELECT date_trunc('minute', placed) AS minute, count(*) AS orders, sum(amount) AS amount FROM orders GROUP BY 1 ORDER BY 1
            x: minute
            series: [{column: orders, kind: bar, axis: count}, {column: amount, axis: amount}]
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-server-").FullName;

    internal TidemillHost Host { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public string Folder => _folder;

    public async ValueTask InitializeAsync()
    {
        Write("tidemill.yaml", Project);
        Write("streams/orders.yaml", Orders);
        Write("streams/maker.yaml", Maker);
        Write("workflows/summary.yaml", Summary);
        Write("dashboards/overview.yaml", Dashboard);
        Host = await TidemillHost.StartAsync(
            new HostOptions { ProjectFolder = _folder, Port = 0, RunWorkflows = false }, TestContext.Current.CancellationToken);
        Client = new HttpClient { BaseAddress = Host.Url };
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Host.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    public async Task<HttpResponseMessage> SendAsync(
        string path, string body, string type = "application/json", params (string, string)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, type) };
        // A server that refuses a body need not read it; the client then must not be in the middle of sending.
        request.Headers.ExpectContinue = body.Length > 1 << 20;
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        return await Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<JsonElement> PostAsync(string path, string body, string type = "application/json", params (string, string)[] headers)
    {
        using var response = await SendAsync(path, body, type, headers);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {response.StatusCode}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Sends what must be refused, and returns the problem.</summary>
    public async Task<JsonElement> RefusedAsync(
        int status, string path, string body, string type = "application/json", params (string, string)[] headers)
    {
        using var response = await SendAsync(path, body, type, headers);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode == status, $"{path}: {response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonDocument.Parse(text).RootElement;
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.NotEqual("", problem.GetProperty("code").GetString());
        Assert.NotEqual("", problem.GetProperty("remedy").GetString());
        return problem;
    }

    /// <summary>Waits, for at most 20 s, until the condition holds.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var tries = 0; !await condition(); tries++)
        {
            Assert.True(tries < 400, $"Waited 20 s in vain: {what}.");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The first value of a query's first row.</summary>
    public async Task<JsonElement> ScalarAsync(string sql)
    {
        using var response = await Client.PostAsJsonAsync("/api/query", new { sql }, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text.Split('\n')[1]).RootElement[0].Clone();
    }

    private void Write(string path, string text)
    {
        var full = Path.Combine(_folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
