using System.Net;
using System.Text.Json;

namespace Tidemill.IntegrationTests.Api;

public sealed class ApiTests(RunningServer server) : IClassFixture<RunningServer>
{
    [Fact]
    public async Task Records_sent_over_http_become_rows_once_and_broken_ones_dead_letters()
    {
        await server.PostAsync("/api/topics/orders/records", """
            {"id":1,"amount":"x"}
            {"id":2,"amount":2.5,"placed":"2024-01-01T00:00:00Z"}
            {"id":2,"amount":2.5,"placed":"2024-01-01T00:00:00Z"}
            {"amount":4}
            """, "application/x-ndjson");
        await RunningServer.UntilAsync(
            async () => (await server.ScalarAsync("SELECT count(*) FROM orders WHERE id = 2")).GetInt64() == 1
                && (await server.GetAsync("/api/dead-letters?stream=orders")).GetProperty("letters").GetArrayLength() >= 2,
            "one row and two letters");

        var page = await server.GetAsync("/api/dead-letters?stream=orders&status=Open");
        var letter = page.GetProperty("letters").EnumerateArray().First(l => l.GetProperty("field").GetString() == "amount");
        Assert.Equal("DecodeFailed", letter.GetProperty("code").GetString());
        Assert.Equal("""{"id":1,"amount":"x"}""", letter.GetProperty("value").GetProperty("text").GetString());

        var position =
            $"{{\"topic\":\"orders\",\"partition\":{letter.GetProperty("partition")},\"offset\":{letter.GetProperty("offset")}}}";
        var one = await server.GetAsync(
            $"/api/dead-letters/orders/orders/{letter.GetProperty("partition")}/{letter.GetProperty("offset")}");
        Assert.Equal(
            letter.GetProperty("value").GetProperty("base64").GetString(), one.GetProperty("value").GetProperty("base64").GetString());
        var unchanged = await server.PostAsync("/api/dead-letters/replay", $"{{\"stream\":\"orders\",\"positions\":[{position}]}}");
        Assert.Equal((0, 1), (unchanged.GetProperty("replayed").GetInt32(), unchanged.GetProperty("remaining").GetInt32()));
        var mended = await server.PostAsync(
            "/api/dead-letters/replay", $$"""{"stream":"orders","positions":[{{position}}],"value":"{\"id\":1,\"amount\":7}"}""");
        Assert.Equal(1, mended.GetProperty("replayed").GetInt32());
        Assert.Equal(7m, (await server.ScalarAsync("SELECT amount FROM orders WHERE id = 1")).GetDecimal());

        var other = (await server.GetAsync("/api/dead-letters?stream=orders&status=Open")).GetProperty("letters")[0];
        var discarded = await server.PostAsync("/api/dead-letters/discard",
            $"{{\"stream\":\"orders\",\"positions\":[{{\"topic\":\"orders\",\"partition\":{other.GetProperty("partition")},\"offset\":{other.GetProperty("offset")}}}]}}");
        Assert.Equal(1, discarded.GetProperty("count").GetInt64());

        var proof = await server.PostAsync("/api/verify", "{}");
        Assert.True(proof.GetProperty("proven").GetBoolean(), proof.ToString());
    }

    [Fact]
    public async Task Status_names_project_streams_topics_and_warehouse()
    {
        var status = await server.GetAsync("/api/status");
        Assert.Equal(("shop", "dev"), (status.GetProperty("project").GetString(), status.GetProperty("target").GetString()));
        Assert.True(status.GetProperty("warehouse").GetProperty("open").GetBoolean());
        Assert.Equal(
            ["orders", "plain"], status.GetProperty("topics").EnumerateArray().Select(t => t.GetProperty("name").GetString()).Order());
        Assert.Contains(status.GetProperty("streams").EnumerateArray(), s => s.GetProperty("name").GetString() == "orders");
    }

    [Fact]
    public async Task Paused_stream_says_so_and_resumes()
    {
        await StateAfterAsync("pause", "Paused");
        using var health = await server.Client.GetAsync("/health", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        await StateAfterAsync("resume", "Running");
        await server.RefusedAsync(404, "/api/streams/nope/pause", "");
    }

    [Fact]
    public async Task Workflow_run_by_hand_is_recorded_with_its_tasks()
    {
        await RunningServer.UntilAsync(async () => (await server.Client.PostAsync(
            "/api/query", Json("""{"sql":"SELECT count(*) FROM orders"}"""))).IsSuccessStatusCode, "the table");
        var run = await server.PostAsync("/api/workflows/summary/runs?wait=true", "");
        Assert.True(run.GetProperty("status").GetString() == "Success", run.ToString());
        Assert.Equal(["totals", "documents"], run.GetProperty("tasks").EnumerateArray().Select(t => t.GetProperty("task").GetString()));
        var again = await server.GetAsync($"/api/runs/{run.GetProperty("id")}");
        Assert.Equal(run.GetProperty("endTime").GetDateTimeOffset(), again.GetProperty("endTime").GetDateTimeOffset());
        Assert.Contains(
            (await server.GetAsync("/api/runs?workflow=summary")).EnumerateArray(),
            r => r.GetProperty("id").GetString() == run.GetProperty("id").GetString());
        var found = await server.GetAsync("/api/search/totals");
        Assert.True(found.GetProperty("total").GetInt64() >= 1);
        Assert.Equal("summary", (await server.GetAsync("/api/workflows"))[0].GetProperty("name").GetString());
        await server.RefusedAsync(404, "/api/workflows/nope/runs", "");
    }

    [Fact]
    public async Task Query_streams_columns_rows_and_an_end()
    {
        using var response = await server.SendAsync(
            "/api/query", """{"sql":"SELECT i, i * 1.5 AS d, NULL AS nothing, 'é' AS t FROM range(1000) r(i)","maxRows":3}""");
        Assert.Equal("application/x-ndjson", response.Content.Headers.ContentType?.MediaType);
        var lines = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).TrimEnd('\n').Split('\n');
        Assert.Equal(5, lines.Length);
        Assert.Equal("""[1,1.5,null,"é"]""", JsonSerializer.Serialize(JsonDocument.Parse(lines[2]).RootElement, Readable));
        Assert.Equal("""{"rows":3,"truncated":true}""", lines[4]);
    }

    [Theory]
    [InlineData("{'a': 1, 'b c': [1, NULL, 2]}", """{"a":1,"b c":[1,null,2]}""")]
    [InlineData("['a, b']", """["a, b"]""")]
    [InlineData("[NULL, '', 'null']", """[null,"","null"]""")]
    [InlineData("MAP {'k': 1}", """{"k":1}""")]
    [InlineData("MAP {1: 'x'}", """[{"key":1,"value":"x"}]""")]
    [InlineData("{'d': DATE '2026-01-02', 'i': INTERVAL '14 months 25 days 5 hours'}", """{"d":"2026-01-02","i":"P1Y2M25DT5H"}""")]
    [InlineData("INTERVAL '14 months 25 days 5 hours'", "\"P1Y2M25DT5H\"")]
    [InlineData("INTERVAL '25 days 5 hours'", "\"P25DT5H\"")]
    [InlineData("INTERVAL '100000000 days'", "\"P100000000D\"")]
    [InlineData("0.1::FLOAT", "0.1")]
    [InlineData("union_value(num := 7)", "7")]
    public async Task Query_shows_nested_values_and_durations_as_json(string value, string expected)
    {
        using var response = await server.SendAsync("/api/query", JsonSerializer.Serialize(new { sql = $"SELECT {value} AS v" }));
        var lines = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n');
        Assert.Equal($"[{expected}]", JsonSerializer.Serialize(JsonDocument.Parse(lines[1]).RootElement, Readable));
    }

    [Theory]
    [InlineData("DROP TABLE orders")]
    [InlineData("CREATE TABLE x (a int)")]
    [InlineData("SELEC 1")]
    [InlineData("")]
    public async Task Query_that_changes_or_does_not_parse_is_refused(string sql) =>
        await server.RefusedAsync(400, "/api/query", JsonSerializer.Serialize(new { sql }));

    [Theory]
    [InlineData("SELECT content FROM read_text('tidemill.yaml')", true)]
    [InlineData("SELECT content FROM read_text('/proc/self/environ')", true)]
    [InlineData("COPY (SELECT 1) TO 'stolen.csv'", false)]
    [InlineData("ATTACH 'other.duckdb'", false)]
    public async Task Query_reaches_no_files_of_the_machine(string sql, bool readOnly)
    {
        var problem = await server.RefusedAsync(400, "/api/query", JsonSerializer.Serialize(new { sql, readOnly }));
        Assert.Contains("files:", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Generate_appends_what_the_generator_describes()
    {
        var answer = await server.PostAsync("/api/generate", """{"stream":"maker","count":25}""");
        Assert.Equal(("plain", 25), (answer.GetProperty("topic").GetString(), answer.GetProperty("count").GetInt32()));
        await server.RefusedAsync(404, "/api/generate", """{"stream":"nope"}""");
    }

    [Fact]
    public async Task OpenApi_describes_every_endpoint_under_api()
    {
        var paths = (await server.GetAsync("/api/openapi.json")).GetProperty("paths").EnumerateObject().Select(p => p.Name).ToList();
        foreach (var path in (string[])[
            "/api/status", "/api/streams", "/api/streams/{name}/pause", "/api/topics", "/api/topics/{topic}/records", "/api/dead-letters",
            "/api/dead-letters/replay", "/api/dead-letters/discard", "/api/workflows", "/api/workflows/{name}/runs", "/api/runs",
            "/api/runs/{id}", "/api/models/run", "/api/models/plan", "/api/query", "/api/search/{index}", "/api/verify", "/api/doctor",
            "/api/generate", "/health", "/metrics"])
        {
            Assert.Contains(path, paths);
        }
    }

    [Fact]
    public async Task Doctor_tells_facts_and_parts()
    {
        var doctor = await server.GetAsync("/api/doctor");
        Assert.Contains(doctor.GetProperty("facts").EnumerateArray(), f => f.GetProperty("name").GetString() == "data folder");
        Assert.Contains(doctor.GetProperty("parts").EnumerateArray(), p => p.GetProperty("name").GetString() == "warehouse");
    }

    [Fact]
    public async Task Unknown_path_is_a_problem()
    {
        using var response = await server.Client.GetAsync("/api/nope", TestContext.Current.CancellationToken);
        Assert.Equal(
            (HttpStatusCode.NotFound, "application/problem+json"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        await server.RefusedAsync(405, "/api/status", "{}");
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    private static readonly JsonSerializerOptions Readable =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private async Task StateAfterAsync(string verb, string state)
    {
        using var response = await server.SendAsync($"/api/streams/orders/{verb}", "");
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        await RunningServer.UntilAsync(
            async () => (await server.GetAsync("/api/streams")).EnumerateArray().Single(
                s => s.GetProperty("name").GetString() == "orders").GetProperty("state").GetString() == state,
            $"stream {state}");
    }
}
