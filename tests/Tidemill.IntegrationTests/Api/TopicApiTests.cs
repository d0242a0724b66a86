using System.Text.Json;

namespace Tidemill.IntegrationTests.Api;

public sealed class TopicApiTests(RunningServer server) : IClassFixture<RunningServer>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_are_found_by_key_text_sql_time_and_offset()
    {
        var topic = await NewTopicAsync(partitions: 2);
        for (var i = 0; i < 40; i++)
        {
            await server.PostAsync($"/api/topics/{topic}/produce",
                $$$"""{"key":"k{{{i}}}","value":"{\"n\":{{{i}}},\"c\":\"{{{(i % 4 == 0 ? "EUR" : "USD")}}}\"}","headers":{"shop":"s{{{i % 2}}}"},"timestamp":"2026-01-31T12:{{{i:00}}}:00Z"}""");
        }

        Assert.Equal(39, Numbers(await SearchAsync(topic, ""))[0]);
        Assert.Equal([7], Numbers(await SearchAsync(topic, "key=k7")));
        Assert.Equal(10, Numbers(await SearchAsync(topic, "text=EUR")).Count);
        Assert.Equal([38, 36], Numbers(await SearchAsync(
            topic, "limit=2&where=" + Uri.EscapeDataString("CAST(value->>'n' AS INT) % 2 = 0 AND (headers->>'shop') = 's0'"))));
        Assert.Equal([36], Numbers(await SearchAsync(
            topic, "limit=1&text=EUR&where=" + Uri.EscapeDataString("(value->>'c') = 'EUR' AND timestamp > '2026-01-31 12:30:00'"))));
        Assert.Equal([20, 21], Numbers(await SearchAsync(topic, "limit=2&from=2026-01-31T12:20:00Z")));
        var first = await SearchAsync(topic, "from=earliest&limit=3");
        Assert.Equal([0, 1, 2], Numbers(first));
        Assert.Equal(("limit", false), (first.GetProperty("ended").GetString(), first.GetProperty("complete").GetBoolean()));
        var all = await SearchAsync(topic, "from=earliest&limit=1000&text=nothing-like-it");
        Assert.Equal(("end", 40L), (all.GetProperty("ended").GetString(), all.GetProperty("scanned").GetInt64()));
        var bounded = await SearchAsync(topic, "text=k0&scan=10");
        Assert.Equal("scan", bounded.GetProperty("ended").GetString());
        Assert.True(bounded.GetProperty("scanned").GetInt64() <= 10);
    }

    [Theory]
    [InlineData("value->>'n' >")]
    [InlineData("1); DROP TABLE x; --")]
    [InlineData("text = (SELECT content FROM read_text('/etc/hostname'))")]
    [InlineData("(SELECT count(*) FROM read_csv('http://127.0.0.1:1/x')) = 0")]
    public async Task Condition_that_makes_no_sense_or_reaches_out_is_refused(string condition)
    {
        var topic = await NewTopicAsync();
        await server.PostAsync($"/api/topics/{topic}/produce", """{"value":"{}"}""");
        using var response = await server.Client.GetAsync(
            $"/api/topics/{topic}/search?where={Uri.EscapeDataString(condition)}", Cancellation);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("SqlInvalid", await response.Content.ReadAsStringAsync(Cancellation));
    }

    [Fact]
    public async Task Condition_that_takes_for_ever_is_stopped_with_what_was_found()
    {
        var topic = await NewTopicAsync();
        await server.PostAsync($"/api/topics/{topic}/produce", """{"value":"{}"}""");
        var page = await SearchAsync(
            topic, "where=" + Uri.EscapeDataString("(SELECT sum(a.range * b.range) FROM range(10000000) a, range(10000000) b) > size"));
        Assert.Equal(("time", false), (page.GetProperty("ended").GetString(), page.GetProperty("complete").GetBoolean()));
    }

    [Fact]
    public async Task Record_that_is_no_text_is_shown_by_its_bytes_and_passes_filters_unharmed()
    {
        var topic = await NewTopicAsync();
        await server.PostAsync($"/api/topics/{topic}/produce", """{"value":"no json at all"}""");
        await server.PostAsync($"/api/topics/{topic}/produce", """{"key":"gone","headers":{"why":null}}""");
        var page = await SearchAsync(topic, "where=" + Uri.EscapeDataString("value IS NULL"));
        Assert.Equal(2, page.GetProperty("records").GetArrayLength());
        var tombstone = await server.GetAsync($"/api/topics/{topic}/records/0/1");
        Assert.False(tombstone.TryGetProperty("value", out _));
        Assert.Equal("gone", tombstone.GetProperty("key").GetProperty("text").GetString());
        Assert.Equal("why", tombstone.GetProperty("headers")[0].GetProperty("name").GetString());
        using var missing = await server.Client.GetAsync($"/api/topics/{topic}/records/0/99", Cancellation);
        Assert.Equal(404, (int)missing.StatusCode);
    }

    [Fact]
    public async Task Tail_tells_of_new_records_that_match_and_ends_with_its_reader()
    {
        var topic = await NewTopicAsync();
        await server.PostAsync($"/api/topics/{topic}/produce", """{"value":"{\"n\":0}"}""");
        using var response = await server.Client.GetAsync(
            $"/api/topics/{topic}/tail?where={Uri.EscapeDataString("CAST(value->>'n' AS INT) > 1")}",
            HttpCompletionOption.ResponseHeadersRead, Cancellation);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancellation));
        await NextAsync(reader);
        for (var n = 1; n <= 3; n++)
            await server.PostAsync($"/api/topics/{topic}/produce", $$$"""{"value":"{\"n\":{{{n}}}}"}""");

        List<int> seen = [];
        while (seen.Count < 2)
        {
            if ((await NextAsync(reader)).TryGetProperty("record", out var record)) seen.Add(Number(record));
        }

        Assert.Equal([2, 3], seen);
    }

    [Fact]
    public async Task Tail_with_a_broken_condition_answers_with_the_problem()
    {
        var topic = await NewTopicAsync();
        using var response = await server.Client.GetAsync($"/api/topics/{topic}/tail?where=nonsense(", Cancellation);
        Assert.Equal(400, (int)response.StatusCode);
    }

    [Fact]
    public async Task Topic_is_made_described_and_deleted_unless_a_stream_names_it()
    {
        var topic = await NewTopicAsync(partitions: 3);
        var detail = await server.GetAsync($"/api/topics/{topic}");
        Assert.Equal(3, detail.GetProperty("topic").GetProperty("partitions").GetArrayLength());
        Assert.Contains(
            "orders", (await server.GetAsync("/api/topics/orders")).GetProperty("streams").EnumerateArray().Select(s => s.GetString()));
        await server.RefusedAsync(409, "/api/topics", $$"""{"name":"{{topic}}","partitions":4}""");
        await server.RefusedAsync(400, "/api/topics", """{"name":"x","partitions":0}""");
        using var kept = await server.Client.DeleteAsync("/api/topics/orders", Cancellation);
        Assert.Equal(400, (int)kept.StatusCode);
        Assert.Contains("orders", await kept.Content.ReadAsStringAsync(Cancellation));
        using var deleted = await server.Client.DeleteAsync($"/api/topics/{topic}", Cancellation);
        Assert.Equal(204, (int)deleted.StatusCode);
        using var gone = await server.Client.GetAsync($"/api/topics/{topic}", Cancellation);
        Assert.Equal(404, (int)gone.StatusCode);
    }

    [Fact]
    public async Task Group_is_planned_then_set_and_a_streams_group_is_not()
    {
        var topic = await NewTopicAsync();
        var group = "group-" + Guid.NewGuid().ToString("N");
        for (var n = 0; n < 5; n++) await server.PostAsync($"/api/topics/{topic}/produce", """{"value":"x"}""");
        var plan = await server.PostAsync($"/api/groups/{group}/plan", $$"""{"to":"latest","topic":"{{topic}}"}""");
        Assert.Equal(5, plan.GetProperty("skipped").GetInt64());
        using (var none = await server.Client.GetAsync($"/api/groups/{group}", Cancellation)) Assert.Equal(404, (int)none.StatusCode);
        await server.PostAsync($"/api/groups/{group}/positions", $$"""{"to":"latest","topic":"{{topic}}"}""");
        await server.PostAsync($"/api/groups/{group}/positions", """{"to":"-2"}""");
        var set = await server.GetAsync($"/api/groups/{group}");
        Assert.Equal((3L, 2L), (set.GetProperty("positions")[0].GetProperty("committed").GetInt64(), set.GetProperty("lag").GetInt64()));
        Assert.Contains((await server.GetAsync("/api/groups")).EnumerateArray(), g => g.GetProperty("name").GetString() == group);
        await server.RefusedAsync(400, $"/api/groups/{group}/positions", """{"to":"sometime"}""");
        var streams = await server.RefusedAsync(
            400, "/api/groups/tidemill.shop.orders/positions", """{"to":"earliest","topic":"orders"}""");
        Assert.Contains("stream orders", streams.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Stream_is_described_and_moved_only_while_it_is_paused()
    {
        await server.PostAsync("/api/topics/orders/records", """{"id":5551,"amount":1}""");
        await RunningServer.UntilAsync(
            async () => (await server.ScalarAsync("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'orders'")).GetInt64() == 1,
            "the table");
        await RunningServer.UntilAsync(
            async () => (await server.ScalarAsync("SELECT count(*) FROM orders WHERE id = 5551")).GetInt64() == 1, "the row");
        var running = await server.RefusedAsync(400, "/api/streams/orders/positions", """{"to":"earliest"}""");
        Assert.Contains("Pause it first", running.GetProperty("detail").GetString());
        using (var paused = await server.SendAsync("/api/streams/orders/pause", "{}")) Assert.True(paused.IsSuccessStatusCode);
        var moved = await server.PostAsync("/api/streams/orders/positions", """{"to":"earliest"}""");
        Assert.True(moved.GetProperty("repeated").GetInt64() > 0);
        var detail = await server.GetAsync("/api/streams/orders");
        Assert.Equal("Paused", detail.GetProperty("status").GetProperty("state").GetString());
        Assert.All(
            detail.GetProperty("partitions").EnumerateArray(),
            p => Assert.Equal(0, p.GetProperty("sinks")[0].GetProperty("held").GetInt64()));
        using (var resumed = await server.SendAsync("/api/streams/orders/resume", "{}")) Assert.True(resumed.IsSuccessStatusCode);
        await RunningServer.UntilAsync(
            async () => (await server.GetAsync("/api/streams/orders")).GetProperty("partitions")
                .EnumerateArray()
                .All(p => p.GetProperty("lag").GetInt64() == 0), "no lag");
        Assert.Equal(1, (await server.ScalarAsync("SELECT count(*) FROM orders WHERE id = 5551")).GetInt64());
    }

    private async Task<string> NewTopicAsync(int partitions = 1)
    {
        var name = "t-" + Guid.NewGuid().ToString("N");
        await server.PostAsync("/api/topics", $$"""{"name":"{{name}}","partitions":{{partitions}}}""");
        return name;
    }

    private Task<JsonElement> SearchAsync(string topic, string query) => server.GetAsync($"/api/topics/{topic}/search?{query}");

    private static List<int> Numbers(JsonElement page) => [.. page.GetProperty("records").EnumerateArray().Select(Number)];

    private static int Number(JsonElement record) =>
        JsonDocument.Parse(record.GetProperty("value").GetProperty("text").GetString()!).RootElement.GetProperty("n").GetInt32();

    private static async Task<JsonElement> NextAsync(StreamReader reader)
    {
        while (true)
        {
            var line = await reader.ReadLineAsync(Cancellation) ?? throw new EndOfStreamException();
            if (line.StartsWith("data: ", StringComparison.Ordinal)) return JsonDocument.Parse(line[6..]).RootElement;
        }
    }
}
