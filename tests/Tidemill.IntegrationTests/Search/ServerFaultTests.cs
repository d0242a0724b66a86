using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Warehouses;

namespace Tidemill.IntegrationTests.Search;

/// <summary>A server that is busy, away, slow or picky, seen through a proxy in front of a real one.</summary>
public sealed class ServerFaultTests : IAsyncLifetime
{
    private static readonly Schema Events = Rows.Schema("id bigint, name text");
    private static readonly IndexSinkDefinition Docs = new("docs", "docs") { Id = ["id"] };

    private static readonly TopicPartition Source = new("events", 0);

    private SearchProxy _proxy = null!;
    private SearchConnection _connection = null!;
    private ElasticsearchStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var server = await SearchServer.SharedAsync(SearchType.Elasticsearch);
        _proxy = await SearchProxy.StartAsync(server.Url);
        _connection = server.Connection() with { Urls = [_proxy.Url], Timeout = TimeSpan.FromSeconds(10) };
        _store = new ElasticsearchStore(_connection, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        _proxy.Answer = _ => null;
        await SearchServer.CleanAsync(_store);
        await _proxy.DisposeAsync();
    }

    [Theory]
    [InlineData(429, false)]
    [InlineData(503, false)]
    [InlineData(502, true)]
    [InlineData(504, true)]
    public async Task A_busy_server_is_tried_again_until_all_is_written_once(int status, bool answerIsLost)
    {
        var sink = await SinkAsync(_store);
        using var rows = Some(500);
        var failures = 0;
        _proxy.Answer = request => request.Path.Contains("_bulk", StringComparison.Ordinal) && failures++ < 3
            ? new ProxyAnswer(status, "{}", answerIsLost) : null;
        var attempts = new List<ErrorCode>();
        Assert.Equal(500, await RetriedAsync(sink, rows, attempts));
        Assert.Equal([ErrorCode.Unavailable, ErrorCode.Unavailable, ErrorCode.Unavailable], attempts);
        await ProveAsync(sink, 500);
    }

    [Fact]
    public async Task Operations_that_a_busy_server_turned_away_are_sent_again()
    {
        var sink = await SinkAsync(_store);
        using var rows = Some(2);
        var failures = 0;
        _proxy.Answer = request => request.Path.Contains("docs/_bulk", StringComparison.Ordinal) && failures++ == 0
            ? new ProxyAnswer(
                200,
                """{"errors":true,"items":[{"index":{"status":201}},{"index":{"status":429,"error":{"type":"es_rejected_execution_exception","reason":"rejected"}}}]}""")
            : null;
        var attempts = new List<ErrorCode>();
        await RetriedAsync(sink, rows, attempts);
        Assert.Equal([ErrorCode.Unavailable], attempts);
        await ProveAsync(sink, 2);
    }

    [Fact]
    public async Task An_answer_that_does_not_come_is_a_timeout_and_tried_again()
    {
        await using var store = new ElasticsearchStore(_connection with { Timeout = TimeSpan.FromSeconds(2) }, TimeProvider.System);
        var sink = await SinkAsync(store);
        using var rows = Some(10);
        var failures = 0;
        _proxy.Answer = request => request.Path.Contains("docs/_bulk", StringComparison.Ordinal) && failures++ == 0
            ? new ProxyAnswer(0)
            : null;
        var attempts = new List<ErrorCode>();
        await RetriedAsync(sink, rows, attempts);
        Assert.NotEmpty(attempts);
        Assert.All(attempts, code => Assert.Equal(ErrorCode.TimedOut, code));
        await ProveAsync(sink, 10);
    }

    [Fact]
    public async Task A_server_that_is_away_is_unavailable_and_of_several_nodes_the_next_is_taken()
    {
        var nobody = $"http://127.0.0.1:{FreePorts.One()}";
        await using var away = new ElasticsearchStore(_connection with { Urls = [nobody] }, TimeProvider.System);
        var error = await Assert.ThrowsAsync<TidemillException>(() => away.ListIndexesAsync(Token));
        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);

        await using var half = new ElasticsearchStore(_connection with { Urls = [nobody, _proxy.Url] }, TimeProvider.System);
        for (var i = 0; i < 3; i++)
            Assert.Empty(await half.ListIndexesAsync(Token));
    }

    [Fact]
    public async Task Requests_are_cut_to_what_the_server_or_a_proxy_takes_and_one_document_too_large_is_refused_alone()
    {
        _proxy.Answer = request => request.Path.Contains("docs/_bulk", StringComparison.Ordinal) && request.Bytes.Length > 20_000
            ? new ProxyAnswer(413, "")
            : null;
        var sink = await SinkAsync(_store);
        using var rows = Rows.Batch(
            Events, [.. Enumerable.Range(0, 2000).Select(i => new object?[] { (long)i, new string('x', i == 1234 ? 30_000 : 20) })]);
        var error = await Assert.ThrowsAsync<TidemillException>(() => sink.WriteAsync(Batch(rows), Token));
        Assert.Equal(ErrorCode.RowRejected, error.Code);
        Assert.Contains("1 of 2000", error.Message, StringComparison.Ordinal);
        Assert.Contains("bytes", error.Message, StringComparison.Ordinal);
        Assert.Equal(1999, await _store.ScanAsync("docs", Token).CountAsync(Token));

        _proxy.Answer = request => request.Path.StartsWith("/_nodes/http", StringComparison.Ordinal)
            ? new ProxyAnswer(200, """{"nodes":{"a":{"http":{"max_content_length_in_bytes":9000}}}}""") : null;
        var before = _proxy.Requests.Count;
        await using var small = new ElasticsearchStore(_connection, TimeProvider.System);
        var second = await SinkAsync(small, Docs with { Name = "second" });
        error = await Assert.ThrowsAsync<TidemillException>(() => second.WriteAsync(Batch(rows), Token));
        Assert.Contains("http.max_content_length is 9000", error.Message, StringComparison.Ordinal);
        Assert.All(_proxy.Requests.Skip(before), r => Assert.True(r.Bytes.Length <= 9000));
    }

    [Fact]
    public async Task Requests_are_compressed_when_wanted()
    {
        await using var store = new ElasticsearchStore(_connection with { Compress = true }, TimeProvider.System);
        var sink = await SinkAsync(store);
        using var rows = Some(1000);
        await sink.WriteAsync(Batch(rows), Token);
        await ProveAsync(sink, 1000);
        Assert.Equal("gzip", Assert.Single(_proxy.Requests, r => r.Path.Contains("docs/_bulk", StringComparison.Ordinal)).Encoding);
    }

    [Fact]
    public async Task Positions_are_read_by_id_so_that_looking_each_second_refreshes_and_searches_nothing()
    {
        var sink = await SinkAsync(_store);
        Assert.Empty(await sink.ReadPositionsAsync([Source], Token));
        using var rows = Some(3);
        await sink.WriteAsync(Batch(rows), Token);
        var before = _proxy.Requests.Count;
        Assert.Equal(new LogOffset(3), Assert.Single(await sink.ReadPositionsAsync([Source, new("events", 1)], Token)).Value);
        var request = Assert.Single(_proxy.Requests.Skip(before));
        Assert.EndsWith("tidemill_checkpoints/_mget", request.Path, StringComparison.Ordinal);
    }

    private static Batch Some(int count) =>
        Rows.Batch(Events, [.. Enumerable.Range(0, count).Select(i => new object?[] { (long)i, $"name {i}" })]);

    private static SinkBatch Batch(Batch rows) => new()
    {
        Ranges = [new OffsetRange(Source, LogOffset.Zero, new LogOffset(rows.RowCount))],
        Rows = rows,
    };

    private static async Task<IndexSink> SinkAsync(ElasticsearchStore store, IndexSinkDefinition? definition = null)
    {
        var stream = new StreamDefinition
        {
            Name = "events",
            File = "streams/events.yaml",
            Source = new TopicSourceDefinition(
            "events"),
            Sinks = [Docs]
        };
        var sink = new IndexSink(store, "test", stream, definition ?? Docs, _ => { });
        await sink.OpenAsync(Events, Token);
        return sink;
    }

    /// <summary>As a stream writes: by the one table of retries.</summary>
    private static async Task<long> RetriedAsync(IndexSink sink, Batch rows, List<ErrorCode> attempts) => await RetryPolicy
        .UntilItWorks(TimeProvider.System, retry => attempts.Add(retry.Error.Code))
        .ExecuteAsync(async token => await sink.WriteAsync(Batch(rows), token), Token);

    private async Task ProveAsync(IndexSink sink, int count)
    {
        var hits = await _store.ScanAsync("docs", Token).ToListAsync(Token);
        Assert.Equal(
            Enumerable.Range(0, count).Select(i => $$"""{"id":{{i}},"name":"name {{i}}"}""").Order(),
            hits.Select(h => h.Source.GetRawText()).Order());
        Assert.Equal(count, (await sink.ReadPositionsAsync([Source], Token)).Values.Single().Value);
    }
}
