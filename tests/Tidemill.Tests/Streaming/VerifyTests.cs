using Tidemill.Core.Configuration;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Verification;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

public sealed class VerifyTests
{
    [Theory]
    [InlineData(ConflictRule.Append)]
    [InlineData(ConflictRule.Ignore)]
    [InlineData(ConflictRule.Upsert)]
    public async Task What_was_written_is_proven_and_every_kind_of_damage_is_named(ConflictRule rule)
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync([.. Enumerable.Range(0, 3000).Select(i => i == 5 ? "{" : Json(i, $"{i}.50"))]);
        var stream = Stream(rule);
        await bench.CatchUpAsync(stream);
        Assert.True((await VerifyAsync()).Proven);

        await bench.Warehouse.ExecuteAsync("DELETE FROM events WHERE id IN (1200, 1201)", [], default);
        var lost = await VerifyAsync();
        Assert.Equal(2, lost.Lost);
        Assert.Contains(lost.Findings, f => f.Contains("events/0", StringComparison.Ordinal));

        await bench.Warehouse.ExecuteAsync("INSERT INTO events VALUES (1200, 1200.50, 'a'), (1201, 1201.50, 'a')", [], default);
        Assert.True((await VerifyAsync()).Proven);
        await bench.Warehouse.ExecuteAsync("UPDATE events SET amount = 0 WHERE id = 77", [], default);
        var altered = await VerifyAsync();
        Assert.False(altered.Proven);
        await bench.Warehouse.ExecuteAsync("UPDATE events SET amount = 77.50 WHERE id = 77", [], default);

        await bench.Warehouse.ExecuteAsync("DELETE FROM tidemill_dead_letters", [], default);
        var forgotten = await VerifyAsync();
        Assert.Equal(1, forgotten.Lost);
        Assert.Contains(forgotten.Findings, f => f.Contains("events/1/2 ", StringComparison.Ordinal));

        async Task<VerifyReport> VerifyAsync() =>
            Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync("events", default));
    }

    [Fact]
    public async Task A_row_written_twice_is_doubled()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync(Json(1), Json(2), Json(3));
        var stream = Stream(ConflictRule.Append);
        await bench.CatchUpAsync(stream);
        await bench.Warehouse.ExecuteAsync("INSERT INTO events SELECT * FROM events WHERE id = 2", [], default);
        var report = Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default));
        Assert.Equal((0, 1), (report.Lost, report.Doubled));
    }

    [Fact]
    public async Task Records_behind_the_checkpoint_are_pending_and_not_lost()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync(Json(1), Json(2));
        var stream = Stream(ConflictRule.Append);
        await bench.CatchUpAsync(stream);
        await bench.ProduceAsync(Json(3), Json(4), Json(5));
        var report = Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default));
        Assert.True(report.Proven);
        Assert.Equal(3, report.Pending);
    }

    [Theory]
    [InlineData(ConflictRule.Append)]
    [InlineData(ConflictRule.Ignore)]
    [InlineData(ConflictRule.Merge)]
    public async Task Tables_are_proven_while_their_stream_goes_on(ConflictRule rule)
    {
        await using var bench = await OpenAsync();
        var stream = rule != ConflictRule.Merge
            ? Stream(rule)
            : Stream(rule, "SELECT 1 AS id, sum(amount) AS amount FROM batch GROUP BY 1") with
            {
                Sinks =
            [
                new WarehouseSinkDefinition("events", new TableName("events"))
                {
                    Rule = rule, Key = ["id"], Merge = new Dictionary<string, MergeOperation> { ["amount"] = MergeOperation.Sum },
                },
            ],
            };
        var (checks, id, records) = (0, 0, 0L);
        await bench.RunUntilAsync(stream, async _ =>
        {
            await bench.ProduceAsync([.. Enumerable.Range(id, 200).Select(i => Json(i))]);
            id += 200;
            var report = Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync("events", default));
            Assert.True(report.Proven, $"check {checks}: {string.Join("; ", report.Findings)}");
            records = report.Records;
            return ++checks >= 8 && records > 0;
        });
    }

    [Fact]
    public async Task Documents_are_compared_by_what_they_say_not_by_how_they_are_written()
    {
        await using var bench = await OpenAsync();
        var stream = Stream(ConflictRule.Append) with
        {
            Decode = new DecodeDefinition
            {
                Fields = [new DecodeField("id", new FieldType(FieldKind.Int64)), new DecodeField("doc", new FieldType(FieldKind.Json))],
            },
        };
        await bench.ProduceAsync("""{"id":1,"doc":{"b":[1,2.50],"a":"x","a":"y"}}""", """{"id":2,"doc":{"z":{"k":1e2}}}""");
        await bench.CatchUpAsync(stream);

        // As PostgreSQL's jsonb gives them back.
        await bench.Warehouse.ExecuteAsync("""UPDATE events SET doc = '{"a": "y", "b": [1, 2.5]}' WHERE id = 1""", [], default);
        await bench.Warehouse.ExecuteAsync("""UPDATE events SET doc = '{"z": {"k": 100}}' WHERE id = 2""", [], default);
        var same = Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default));
        Assert.True(same.Proven, string.Join("; ", same.Findings));

        await bench.Warehouse.ExecuteAsync("""UPDATE events SET doc = '{"a": "x", "b": [1, 2.5]}' WHERE id = 1""", [], default);
        Assert.False(Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default)).Proven);
    }

    [Fact]
    public async Task Dead_letters_replay_once_after_the_stream_is_mended_or_their_value_is_edited()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync(Json(1, kind: "x"), "{\"id\":2,\"amount\":\"3.00\"}", "{\"id\":oops", Json(4));
        var strict = Stream(ConflictRule.Append);
        await bench.CatchUpAsync(strict);
        var store = new DeadLetterStore(bench.Warehouse);
        Assert.Equal(2, (await store.ListAsync("events", DeadLetterStatus.Open, 10, 0, default)).Count);

        var lenient = strict with { Decode = strict.Decode! with { Lenient = true } };
        var replay = new DeadLetterReplay(bench.Services, [lenient]);
        for (var i = 0; i < 2; i++)
        {
            var results = await replay.ReplayAsync("events", null, null, default);
            Assert.Equal(i == 0 ? 1 : 0, results.Count(r => r.Replayed));
        }

        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events WHERE id = 2"));
        var open = Assert.Single(await store.ListAsync("events", DeadLetterStatus.Open, 10, 0, default));
        var edited = Assert.Single(await replay.ReplayAsync("events", [open.Position], "{\"id\":3,\"amount\":9}"u8.ToArray(), default));
        Assert.True(edited.Replayed);
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events WHERE id = 3 AND amount = 9"));
        var report = Assert.Single(await new StreamVerifier(bench.Services, [lenient]).VerifyAsync(null, default));
        Assert.True(report.Proven, string.Join("; ", report.Findings));
    }
}
