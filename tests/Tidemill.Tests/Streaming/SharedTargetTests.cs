using System.Text;
using Tidemill.Connectors.Search.Embedded;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Connectors.Topics;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Verification;

namespace Tidemill.Tests.Streaming;

/// <summary>Two streams that fill one table, index or topic.</summary>
public sealed class SharedTargetTests
{
    private const string Positions = "SELECT *, _topic, _partition, _offset FROM batch";

    [Theory]
    [InlineData(ConflictRule.Append, null, "events")]
    [InlineData(ConflictRule.Append, Positions, "events")]
    [InlineData(ConflictRule.Append, null, "Events")]
    [InlineData(ConflictRule.Upsert, null, "events")]
    [InlineData(ConflictRule.Ignore, null, "main.events")]
    public async Task Rows_of_the_other_stream_are_neither_doubled_nor_altered_and_lost_ones_are_found(
        ConflictRule rule, string? transform, string table)
    {
        await using var bench = await OpenAsync();
        var streams = Streams(rule, transform, table);
        foreach (var stream in streams)
            await bench.CatchUpAsync(stream);

        Assert.All(await VerifyAsync(bench, streams), report =>
        {
            Assert.True(report.Proven, string.Join("; ", report.Findings));
            Assert.Contains("also written by", Assert.Single(report.Notes), StringComparison.Ordinal);
        });

        await bench.Warehouse.ExecuteAsync("DELETE FROM events WHERE id = 2", [], default);
        Assert.Equal([1, 0], (await VerifyAsync(bench, streams)).Select(report => report.Lost));
    }

    [Fact]
    public async Task A_row_that_is_known_by_its_position_is_doubled_still()
    {
        await using var bench = await OpenAsync();
        var streams = Streams(ConflictRule.Append, Positions, "events");
        foreach (var stream in streams)
            await bench.CatchUpAsync(stream);

        await bench.Warehouse.ExecuteAsync("INSERT INTO events SELECT * FROM events WHERE id = 2", [], default);
        Assert.Equal([1, 0], (await VerifyAsync(bench, streams)).Select(report => report.Doubled));
    }

    [Fact]
    public async Task Topics_and_indexes_with_two_writers_are_proven_as_far_as_rows_can_be_told()
    {
        await using var bench = await OpenAsync();
        await using var search = await EmbeddedSearchStore.OpenAsync(bench.Folder, default);
        bench.OpenSink = (stream, sink) => sink is TopicSinkDefinition topic
            ? new TopicSink(bench.Log, bench.Log, "test", stream, topic)
            : new IndexSink(search, "test", stream, (IndexSinkDefinition)sink, _ => { });
        SinkDefinition[][] targets = [[new TopicSinkDefinition("out", "out")], [new IndexSinkDefinition("docs", "docs") { Id = ["id"] }]];
        foreach (var sinks in targets)
        {
            StreamDefinition[] streams = [.. Streams(ConflictRule.Append, null, "events").Select(stream => stream with { Sinks = sinks })];
            foreach (var stream in streams)
                await bench.CatchUpAsync(stream);

            Assert.All(await VerifyAsync(bench, streams), report =>
            {
                Assert.True(report.Proven, string.Join("; ", report.Findings));
                Assert.Contains("also written by", Assert.Single(report.Notes), StringComparison.Ordinal);
            });
        }

        await search.DeleteIndexAsync("docs", default);
        Assert.Equal(
            3, (await VerifyAsync(bench, [Streams(ConflictRule.Append, null, "events")[0] with { Sinks = targets[1] }]))[0].Lost);
    }

    [Fact]
    public async Task A_rebuild_that_would_delete_the_other_streams_rows_is_refused()
    {
        await using var bench = await OpenAsync();
        var streams = Streams(ConflictRule.Append, null, "events");
        using var letters = new StreamDeadLetters(bench.Warehouse, bench.Log, streams);
        var request = new RangeReplayRequest("events") { Rebuild = true };
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => new RangeReplay(bench.Services, streams, letters).RunAsync(request, null, default));
        Assert.Contains("stream more writes its table", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Check_warns_of_shared_tables_and_of_names_that_differ_by_case()
    {
        var shared = Assert.Single(SharedTargets.Warnings(Streams(ConflictRule.Append, null, "events")));
        Assert.Contains(
            "stream events, sink events and stream more, sink more write table events: verify", shared.Problem, StringComparison.Ordinal);
        var cases = Assert.Single(SharedTargets.Warnings(Streams(ConflictRule.Append, null, "Events")));
        Assert.Contains("The names of table events and table Events differ by case only", cases.Problem, StringComparison.Ordinal);
        Assert.Empty(SharedTargets.Warnings(Streams(ConflictRule.Append, null, "other")));
    }

    private static StreamDefinition[] Streams(ConflictRule rule, string? transform, string table)
    {
        var more = StreamBench.Stream(rule, transform, "more");
        return
        [
            StreamBench.Stream(rule, transform),
            more with
            {
                Source = new TopicSourceDefinition("more"),
                Sinks = [(WarehouseSinkDefinition)more.Sinks[0] with { Table = TableName.Parse(table) }],
            },
        ];
    }

    /// <summary>Both topics have a record of the key 1; other keys are in one.</summary>
    private static async Task<StreamBench> OpenAsync()
    {
        var bench = await StreamBench.OpenAsync();
        await bench.Log.CreateTopicAsync(new TopicSpec("more"), default);
        await bench.ProduceAsync(StreamBench.Json(1), StreamBench.Json(2), StreamBench.Json(3));
        await using var producer = bench.Log.CreateProducer(new ProducerOptions { Acknowledgement = Acknowledgement.Written });
        await producer.ProduceAsync(
            "more", [.. new[] { StreamBench.Json(1, "9.00"), StreamBench.Json(10) }.Select(
                v => new ProducerRecord { Value = Encoding.UTF8.GetBytes(v) })], default);
        return bench;
    }

    private static Task<IReadOnlyList<VerifyReport>> VerifyAsync(StreamBench bench, StreamDefinition[] streams) =>
        new StreamVerifier(bench.Services, streams).VerifyAsync(null, default);
}
