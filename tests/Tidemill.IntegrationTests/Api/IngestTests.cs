namespace Tidemill.IntegrationTests.Api;

public sealed class IngestTests(RunningServer server) : IClassFixture<RunningServer>
{
    private readonly HashSet<int> _partitions = [];

    [Fact]
    public async Task Appended_records_read_back_at_the_positions_answered()
    {
        var answer = await server.PostAsync("/api/topics/plain/records?key=id", """[{"id":"a","n":1},{"id":"b","n":2}]""");
        Assert.Equal(2, answer.GetProperty("count").GetInt32());
        foreach (var (place, i) in answer.GetProperty("records").EnumerateArray().Select((r, i) => (r, i)))
        {
            var offset = place.GetProperty("offset").GetInt64();
            var records = await server.GetAsync(
                $"/api/topics/plain/records?partition={place.GetProperty("partition")}&offset={offset}&limit=1");
            Assert.Equal(offset, records[0].GetProperty("offset").GetInt64());
            Assert.Equal(i == 0 ? "a" : "b", records[0].GetProperty("key").GetProperty("text").GetString());
            Assert.Equal(
                i == 0 ? """{"id":"a","n":1}""" : """{"id":"b","n":2}""", records[0].GetProperty("value").GetProperty("text").GetString());
        }
    }

    [Fact]
    public async Task Envelope_sets_partition_key_headers_and_timestamp()
    {
        var answer = await server.PostAsync("/api/topics/orders/records",
            """{"records":[{"key":"k","value":{"id":900,"amount":1},"partition":1,"headers":{"from":"test"},"timestamp":"2024-05-06T07:08:09.123Z"}]}""");
        var place = answer.GetProperty("records")[0];
        Assert.Equal(1, place.GetProperty("partition").GetInt32());
        var record = (await server.GetAsync($"/api/topics/orders/records?partition=1&offset={place.GetProperty("offset")}&limit=1"))[0];
        Assert.Equal("from", record.GetProperty("headers")[0].GetProperty("name").GetString());
        Assert.Equal(new DateTimeOffset(2024, 5, 6, 7, 8, 9, 123, TimeSpan.Zero), record.GetProperty("timestamp").GetDateTimeOffset());
    }

    [Fact]
    public async Task Ndjson_with_one_broken_line_appends_nothing_and_names_the_line()
    {
        var before = await RecordsAsync("plain");
        var problem = await server.RefusedAsync(
            400, "/api/topics/plain/records", "{\"n\":1}\n{\"n\":}\n{\"n\":3}\n", "application/x-ndjson");
        Assert.Contains("Line 2", problem.GetProperty("detail").GetString());
        Assert.Equal(before, await RecordsAsync("plain"));
    }

    [Fact]
    public async Task Record_header_keys_every_record_to_one_partition()
    {
        var body = string.Concat(Enumerable.Range(0, 20).Select(i => $"{{\"id\":{i},\"amount\":\"x\"}}\n"));
        var answer = await server.PostAsync("/api/topics/orders/records", body, "application/x-ndjson", ("X-Record-Key", "same"));
        Assert.Single(answer.GetProperty("records").EnumerateArray().Select(r => r.GetProperty("partition").GetInt32()).Distinct());
    }

    [Fact]
    public async Task Large_ndjson_body_is_taken_in_one_request()
    {
        var body = string.Concat(Enumerable.Range(0, 50_000).Select(i => $"{{\"n\":{i},\"text\":\"{new string('x', 150)}\"}}\n"));
        var answer = await server.PostAsync("/api/topics/plain/records", body, "application/x-ndjson");
        Assert.Equal(50_000, answer.GetProperty("records").GetArrayLength());
    }

    [Fact]
    public async Task Body_over_the_limit_is_refused_with_413()
    {
        var before = await RecordsAsync("plain");
        var problem = await server.RefusedAsync(
            413, "/api/topics/plain/records", new string(' ', (64 << 20) + 1), "application/x-ndjson");
        Assert.Equal("RecordTooLarge", problem.GetProperty("code").GetString());
        Assert.Equal(before, await RecordsAsync("plain"));
    }

    [Fact]
    public async Task Record_over_the_topics_limit_is_refused_with_413_and_its_place()
    {
        var problem = await server.RefusedAsync(413, "/api/topics/orders/records", $"[1,\"{new string('x', 5000)}\"]");
        Assert.Contains("element 1", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Unknown_topic_is_404_and_names_those_there_are()
    {
        var problem = await server.RefusedAsync(404, "/api/topics/nope/records", "{}");
        Assert.Contains("orders", problem.GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("text/plain", "{}", 415)]
    [InlineData("application/json", "{", 400)]
    [InlineData("application/json", "", 400)]
    [InlineData("application/json", """{"records":[{"value":1,"partition":7}]}""", 400)]
    public async Task Other_bad_requests_are_refused_with_reason(string type, string body, int status) =>
        await server.RefusedAsync(status, "/api/topics/orders/records", body, type);

    [Fact]
    public async Task Records_without_a_key_go_to_all_partitions()
    {
        for (var i = 0; i < 6; i++)
        {
            var answer = await server.PostAsync("/api/topics/orders/records", "{\"id\":1,\"amount\":\"x\"}\n", "application/x-ndjson");
            _partitions.Add(answer.GetProperty("records")[0].GetProperty("partition").GetInt32());
        }

        Assert.True(_partitions.Count > 1);
    }

    [Fact]
    public async Task A_byte_order_mark_is_skipped_and_a_content_encoding_refused_by_name()
    {
        var answer = await server.PostAsync("/api/topics/plain/records", "\uFEFF{\"n\":1}");
        Assert.Equal(1, answer.GetProperty("records").GetArrayLength());
        using var content = new StringContent("{}", System.Text.Encoding.UTF8, "application/json");
        content.Headers.ContentEncoding.Add("gzip");
        using var refused = await server.Client.PostAsync("/api/topics/plain/records", content);
        Assert.Equal(System.Net.HttpStatusCode.UnsupportedMediaType, refused.StatusCode);
        Assert.Contains("gzip", await refused.Content.ReadAsStringAsync());
    }

    private async Task<long> RecordsAsync(string topic) => (await server.GetAsync("/api/topics")).EnumerateArray()
        .Single(t => t.GetProperty("name").GetString() == topic).GetProperty("records").GetInt64();
}
