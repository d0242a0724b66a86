using System.Text;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Status;
using Tidemill.Streaming.Verification;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

public sealed class RangeReplayTests
{
    private static readonly RangeReplayRequest All = new("events");

    private static RangeReplay Replay(StreamBench bench, StreamDefinition stream) =>
        new(bench.Services, [stream], new StreamDeadLetters(bench.Warehouse, bench.Log, [stream]));

    private static async Task ProveAsync(StreamBench bench, StreamDefinition stream) =>
        Assert.All(
            await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default),
            r => Assert.True(r.Proven, string.Join("; ", r.Findings)));

    [Fact]
    public async Task A_keyed_table_gets_what_the_stream_makes_now_and_no_row_twice()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync([.. Enumerable.Range(0, 2000).Select(i => Json(i, kind: "a"))]);
        await bench.CatchUpAsync(Stream(ConflictRule.Upsert));
        var changed = Stream(ConflictRule.Upsert, "SELECT id, amount, upper(kind) AS kind FROM batch");
        await bench.Warehouse.ExecuteAsync("DELETE FROM events WHERE id < 10", [], default);
        var request = All with { From = ReplayBound.Parse("0"), To = ReplayBound.Parse("500") };
        var checkpoint = await bench.RowsAsync("SELECT * EXCLUDE (updated_at) FROM tidemill_checkpoints ORDER BY ALL");
        var plan = await Replay(bench, changed).PreviewAsync(request, default);
        Assert.Equal(1000, plan.Records);
        var sink = Assert.Single(plan.Sinks);
        Assert.Equal((ReplayMethod.ByKey, 10L, 990L, 0L), (sink.Method, sink.New, sink.Changed, sink.Unchanged));
        Assert.Contains(plan.Notes, n => n.Contains("upsert", StringComparison.Ordinal));
        Assert.Equal(0, await bench.NumberAsync("SELECT count(*) FROM events WHERE kind = 'A'"));

        var outcome = await Replay(bench, changed).RunAsync(request, null, default);
        Assert.Equal(1000, outcome.Records);
        Assert.Equal(2000, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Equal(1000, await bench.NumberAsync("SELECT count(*) FROM events WHERE kind = 'A'"));
        Assert.Equal(checkpoint, await bench.RowsAsync("SELECT * EXCLUDE (updated_at) FROM tidemill_checkpoints ORDER BY ALL"));
    }

    [Fact]
    public async Task Rows_that_carry_their_position_are_replaced_and_dead_letters_of_the_range_tried_again()
    {
        await using var bench = await OpenAsync();
        const string Positions = "SELECT id, kind, _topic, _partition, _offset FROM batch WHERE id <> 13";
        var stream = Stream(ConflictRule.Append, Positions);
        await bench.ProduceAsync(
            [.. Enumerable.Range(0, 400).Select(i => i == 100 ? """{"id":"100","amount":1}""" : i == 200 ? "{" : Json(i))]);
        await bench.CatchUpAsync(stream);
        Assert.Equal(397, await bench.NumberAsync("SELECT count(*) FROM events"));
        var edited = new RecordPosition(new TopicPartition(Topic, 0), new LogOffset(100));
        await new DeadLetterReplay(bench.Services, [stream]).ReplayAsync("events", [edited], Encoding.UTF8.GetBytes(Json(777)), default);

        var lenient = stream with
        {
            Decode = stream.Decode! with { Lenient = true },
            Transform =
            stream.Transform! with { Text = Positions.Replace("kind", "'new' AS kind", StringComparison.Ordinal) }
        };
        var plan = await Replay(bench, lenient).PreviewAsync(All, default);
        Assert.Equal((ReplayMethod.DeleteAndInsert, 0L, 398L), (plan.Sinks[0].Method, plan.Sinks[0].New, plan.Sinks[0].Changed));
        Assert.Equal(1, plan.DeadLetters);
        for (var round = 0; round < 2; round++)
        {
            var outcome = await Replay(bench, lenient).RunAsync(All, null, default);
            Assert.Equal(round == 0 ? 1 : 0, outcome.DeadLettersReplayed);
            Assert.Equal(399, await bench.NumberAsync("SELECT count(*) FROM events WHERE kind = 'new'"));
            Assert.Equal(399, await bench.NumberAsync("SELECT count(DISTINCT id) FROM events"));
            Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events WHERE id = 777"));
        }

        await ProveAsync(bench, lenient);
    }

    [Fact]
    public async Task What_would_double_is_refused_and_a_rebuild_starts_over()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync([.. Enumerable.Range(0, 300).Select(i => i == 7 ? "{" : Json(i))]);
        var plain = Stream(ConflictRule.Append);
        var totals = Stream(ConflictRule.Merge, "SELECT kind, count(*) AS n FROM batch GROUP BY kind") with
        {
            Sinks =
            [
                new WarehouseSinkDefinition("events", new TableName("totals"))
                {
                    Rule = ConflictRule.Merge,
                    Key = ["kind"], Merge = new Dictionary<string, MergeOperation> { ["n"] = MergeOperation.Sum },
                },
            ],
        };
        await bench.CatchUpAsync(totals);
        foreach (var stream in (StreamDefinition[])[plain, totals])
        {
            var refused = await Replay(bench, stream).PreviewAsync(All, default);
            Assert.Equal(ReplayMethod.Refused, refused.Sinks[0].Method);
            Assert.NotEmpty(refused.Refusals);
            var error = await Assert.ThrowsAsync<TidemillException>(() => Replay(bench, stream).RunAsync(All, null, default));
            Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        }

        await Replay(bench, totals).RunAsync(All with { Rebuild = true }, null, default);
        Assert.Equal(0, await bench.NumberAsync("SELECT count(*) FROM totals"));
        await bench.CatchUpAsync(totals);
        Assert.Equal(299, await bench.NumberAsync("SELECT n FROM totals"));
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM tidemill_dead_letters"));
        await ProveAsync(bench, totals);
    }

    [Fact]
    public async Task A_running_stream_stands_still_meanwhile_and_begins_anew_after_a_rebuild()
    {
        await using var bench = await OpenAsync();
        var stream = Stream(ConflictRule.Append);
        await bench.ProduceAsync([.. Enumerable.Range(0, 500).Select(i => Json(i))]);
        var supervisor = new StreamSupervisor(bench.Services, [stream]);
        using var stop = new CancellationTokenSource();
        var running = supervisor.RunAsync(stop.Token);
        await StreamCatchUp.WaitAsync(bench.Services, stream, () => supervisor.Status()[0], default).WaitAsync(TimeSpan.FromSeconds(30));
        await supervisor.RunExclusiveAsync("events", async _ =>
        {
            await bench.ProduceAsync([.. Enumerable.Range(500, 100).Select(i => Json(i))]);
            Assert.Equal(500, await bench.NumberAsync("SELECT count(*) FROM events"));
        }, default).WaitAsync(TimeSpan.FromSeconds(30));

        await Replay(bench, stream).RunAsync(All with { Rebuild = true }, supervisor, default).WaitAsync(TimeSpan.FromSeconds(30));
        await StreamCatchUp.WaitAsync(bench.Services, stream, () => supervisor.Status()[0], default).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(600, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Equal(600, await bench.NumberAsync("SELECT count(DISTINCT id) FROM events"));
        Assert.Equal(StreamState.Running, supervisor.Status()[0].State);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(30));
        await ProveAsync(bench, stream);
    }

    [Fact]
    public async Task A_replay_evolves_the_schema_where_the_stream_does_now()
    {
        await using var bench = await OpenAsync();
        var stream = Stream(ConflictRule.Upsert);
        await bench.ProduceAsync([.. Enumerable.Range(0, 100).Select(i => $$"""{"id":{{i}},"amount":1,"coupon":"c{{i}}"}""")]);
        await bench.CatchUpAsync(stream);
        var evolving = stream with { OnDrift = DriftPolicy.Evolve };
        await Replay(bench, evolving).RunAsync(All, null, default);
        Assert.Equal(100, await bench.NumberAsync("SELECT count(*) FROM events WHERE coupon = 'c' || id"));
    }

    [Theory]
    [InlineData("120", 120L)]
    [InlineData("2026-01-31T08:00:00Z", null)]
    public void Bounds_are_offsets_or_times(string text, long? offset) => Assert.Equal(offset, ReplayBound.Parse(text).Offset?.Value);

    [Fact]
    public void Other_bounds_are_refused() =>
        Assert.Equal(ErrorCode.InvalidRequest, Assert.Throws<TidemillException>(() => ReplayBound.Parse("-1 day")).Code);
}
