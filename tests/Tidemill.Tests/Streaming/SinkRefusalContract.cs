using System.Text;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Verification;

namespace Tidemill.Tests.Streaming;

/// <summary>A record that one of several sinks refuses; run on DuckDB here and on PostgreSQL by the integration tests.</summary>
public abstract class SinkRefusalContract
{
    private const string Good = """{"g":"a","h":"x","a":1}""";
    private const string Refused = """{"g":"a","h":null,"a":10}""";
    private const string Mended = """{"g":"a","h":"y","a":10}""";

    private protected abstract Task<StreamBench> OpenBenchAsync();

    private static WarehouseSinkDefinition Merge(string key) => new($"by_{key}", new TableName($"by_{key}"))
    {
        Rule = ConflictRule.Merge,
        Key = [key],
        Merge = new Dictionary<string, MergeOperation>
        {
            ["a"] = MergeOperation.Sum,
            [key == "g" ? "h" : "g"] = MergeOperation.Last,
        },
    };

    private static readonly WarehouseSinkDefinition All = new("rows", new TableName("rows"));

    private static StreamDefinition Events(params SinkDefinition[] sinks) => new()
    {
        Name = "events",
        File = "streams/events.yaml",
        Source = new TopicSourceDefinition(StreamBench.Topic),
        Decode = new DecodeDefinition
        {
            Fields =
            [
                new DecodeField("g", new FieldType(FieldKind.Text)), new DecodeField("h", new FieldType(FieldKind.Text)),
                new DecodeField("a", new FieldType(FieldKind.Int64)),
            ],
        },
        Batch = new BatchDefinition { MaxRecords = 500, MaxWait = TimeSpan.FromMilliseconds(20) },
        Sinks = sinks,
    };

    private static async Task<DeadLetter> LetterAsync(StreamBench bench) =>
        Assert.Single(await new DeadLetterStore(bench.Warehouse).ListAsync("events", null, 100, 0, default));

    private static async Task ProveAsync(StreamBench bench, StreamDefinition stream) => Assert.All(
        await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default),
        report => Assert.True(report.Proven, $"{report.Table}: {string.Join("; ", report.Findings)} {report}"));

    private static Task<long> SumAsync(StreamBench bench, string table) =>
        bench.NumberAsync($"SELECT coalesce(sum(a), 0) FROM {table}");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_other_sinks_hold_it_once_and_its_replay_goes_to_the_sink_that_lacks_it(bool refusingFirst)
    {
        await using var bench = await OpenBenchAsync();
        SinkDefinition[] sinks = [Merge("g"), All, Merge("h")];
        var stream = Events(refusingFirst ? [.. sinks.Reverse()] : sinks);
        await bench.ProduceAsync([.. Enumerable.Repeat(Good, 20), Refused, .. Enumerable.Repeat(Good, 20)]);
        await bench.CatchUpAsync(stream);

        Assert.Equal((50, 50, 40), (await SumAsync(bench, "by_g"), await SumAsync(bench, "rows"), await SumAsync(bench, "by_h")));
        var letter = await LetterAsync(bench);
        Assert.Equal(["by_h"], letter.Sinks!);
        Assert.Equal(ErrorCode.RowRejected, letter.Code);
        await ProveAsync(bench, stream);

        // As after a kill between the sinks: one of them begins again.
        await bench.Warehouse.ExecuteInTransactionAsync(
            ["DELETE FROM by_h", "DELETE FROM tidemill_checkpoints WHERE sink = 'by_h'"], default);
        await bench.CatchUpAsync(stream);
        Assert.Equal((50, 40), (await SumAsync(bench, "by_g"), await SumAsync(bench, "by_h")));
        Assert.Equal(["by_h"], (await LetterAsync(bench)).Sinks!);

        var replay = new DeadLetterReplay(bench.Services, [stream]);
        Assert.False(Assert.Single(await replay.ReplayAsync("events", null, null, default)).Replayed);
        Assert.True(Assert.Single(
            await replay.ReplayAsync("events", [letter.Position], Encoding.UTF8.GetBytes(Mended), default)).Replayed);
        Assert.Equal((50, 50, 50), (await SumAsync(bench, "by_g"), await SumAsync(bench, "rows"), await SumAsync(bench, "by_h")));
        Assert.Equal(10, await bench.NumberAsync("SELECT a FROM by_h WHERE h = 'y'"));
        await ProveAsync(bench, stream);
    }

    [Fact]
    public async Task Sinks_that_refuse_it_one_after_the_other_share_a_letter()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(Merge("h"), All, Merge("g"));
        await bench.ProduceAsync(Good, """{"g":null,"h":null,"a":10}""");
        await bench.CatchUpAsync(stream);

        Assert.Equal(["by_h", "by_g"], (await LetterAsync(bench)).Sinks!);
        Assert.Equal((1, 11), (await SumAsync(bench, "by_g"), await SumAsync(bench, "rows")));
        await ProveAsync(bench, stream);
    }

    [Fact]
    public async Task A_range_that_is_run_again_gives_each_sink_what_it_takes()
    {
        await using var bench = await OpenBenchAsync();
        WarehouseSinkDefinition Upsert(string key) =>
            Merge(key) with { Rule = ConflictRule.Upsert, Merge = new Dictionary<string, MergeOperation>() };
        var stream = Events(Upsert("g"), Upsert("h"));
        await bench.ProduceAsync(Good, """{"g":"b","h":null,"a":10}""", """{"g":"c","h":"z","a":100}""");
        await bench.CatchUpAsync(stream);
        var letter = await LetterAsync(bench);
        await new DeadLetterReplay(bench.Services, [stream]).ReplayAsync(
            "events", [letter.Position], """{"g":"no","h":"y","a":7}"""u8.ToArray(), default);
        await bench.Warehouse.ExecuteAsync("UPDATE by_g SET a = 0", [], default);
        await bench.Warehouse.ExecuteAsync("UPDATE by_h SET a = 0", [], default);

        await new RangeReplay(bench.Services, [stream], new StreamDeadLetters(bench.Warehouse, bench.Log, [stream]))
            .RunAsync(new RangeReplayRequest("events"), null, default);

        Assert.Equal([["a", 1L], ["b", 10L], ["c", 100L]], await bench.RowsAsync("SELECT g, a FROM by_g ORDER BY 1"));
        Assert.Equal([["x", 1L], ["y", 7L], ["z", 100L]], await bench.RowsAsync("SELECT h, a FROM by_h ORDER BY 1"));
        await ProveAsync(bench, stream);
    }

    [Fact]
    public async Task A_record_that_the_transform_refuses_is_a_letter_of_all_sinks()
    {
        await using var bench = await OpenBenchAsync();
        var stream = Events(All, Merge("g")) with
        {
            Transform = new SqlText("SELECT g, h, CASE WHEN a = 10 THEN error('ten') ELSE a END AS a FROM batch", "streams/events.yaml", 1),
        };
        await bench.ProduceAsync(Good, Refused, Good);
        await bench.CatchUpAsync(stream);

        Assert.Null((await LetterAsync(bench)).Sinks);
        Assert.Equal((2, 2), (await SumAsync(bench, "rows"), await SumAsync(bench, "by_g")));
        await ProveAsync(bench, stream);
    }
}

public sealed class SinkRefusalTests : SinkRefusalContract
{
    private protected override Task<StreamBench> OpenBenchAsync() => StreamBench.OpenAsync();
}
