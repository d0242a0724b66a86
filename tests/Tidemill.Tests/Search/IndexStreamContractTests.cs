using System.Diagnostics;
using System.Text;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Positions;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Verification;
using Tidemill.Tests.Streaming;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Search;

/// <summary>Streams into indexes, proven, replayed and moved; run once against each search store.</summary>
public abstract class IndexStreamContractTests(IEmptySearchStore empty) : IAsyncLifetime
{
    private StreamBench Bench { get; set; } = null!;

    private ISearchStore Store { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Store = await empty.OpenAsync();
        Bench = await OpenAsync();
        Bench.OpenSink = (stream, sink) => new IndexSink(Store, "test", stream, (IndexSinkDefinition)sink, _ => { });
    }

    public async ValueTask DisposeAsync()
    {
        if (Bench is not null)
            await Bench.DisposeAsync();

        await empty.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hundreds_of_documents_that_do_not_fit_are_dead_letters_within_seconds(bool withTable)
    {
        await Store.EnsureIndexAsync("events", new IndexMapping(new Dictionary<string, string> { ["kind"] = "boolean" }), default);
        await Bench.ProduceAsync(
            [.. Enumerable.Range(0, 20_000).Select(i => i == 3 ? "{" : Json(i, kind: i % 50 == 7 ? "perhaps" : "true"))]);
        var started = Stopwatch.GetTimestamp();
        var definition = new IndexSinkDefinition(
            "index", "events")
        { Id = ["id"], Mapping = new Dictionary<string, string> { ["kind"] = "boolean" } };
        var stream = Stream(
            ConflictRule.Append) with
        { Batch = new BatchDefinition { MaxRecords = 20_000, MaxWait = TimeSpan.FromMilliseconds(300) } };
        await Bench.CatchUpAsync(stream with { Sinks = withTable ? [.. stream.Sinks, definition] : [definition] });

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"It took {Stopwatch.GetElapsedTime(started)}.");
        var letters = await new DeadLetterStore(Bench.Warehouse).ListAsync("events", null, 1000, 0, default);
        Assert.Equal(401, letters.Count);
        Assert.Equal(400, letters.Count(l => l.Message.Contains("kind", StringComparison.Ordinal)));
        Assert.DoesNotContain(letters, l => l.Message.Contains("perhaps", StringComparison.Ordinal));
        Assert.Equal(19_599, (await ScanAsync("events")).Count);
    }

    [Fact]
    public async Task Documents_are_proven_and_every_kind_of_damage_is_named()
    {
        const string Sql = """
            SELECT id % 900 AS id, id AS seen, amount, amount::DOUBLE / 3 AS third, kind, to_timestamp(id)::TIMESTAMP AS at,
              json_object('id', id) AS doc, id % 900 = 30 AND id > 900 AS gone, 12345678901234567.89::DECIMAL(30,2) AS wide, _offset
            FROM batch
            """;
        var definition = new IndexSinkDefinition("index", "events-{at:yyyy}")
        {
            Date = new IndexDate("events-", "at", "yyyy", ""),
            Id = ["id"],
            Version = "seen",
            Delete = "gone",
        };
        var stream = Stream(ConflictRule.Append, Sql) with { Sinks = [definition] };
        await Bench.ProduceAsync([.. Enumerable.Range(0, 3000).Select(i => i == 5 ? "{" : Json(i, $"{i}.50"))]);
        await Bench.CatchUpAsync(stream);
        Assert.True((await VerifyAsync()) is { Proven: true, RowsFound: 899 } proven, string.Join("; ", (await VerifyAsync()).Findings));

        await Bench.ProduceAsync([.. Enumerable.Range(3000, 10).Select(i => Json(i, $"{i}.50"))]);
        Assert.True((await VerifyAsync()) is { Proven: true, Pending: 10 });
        var right = (await Store.GetAsync("events-1970", "77", default))!.Value.GetRawText();
        await ReplaceAsync("77", right.Replace("\"amount\":2777.50", "\"amount\":1.50", StringComparison.Ordinal));
        Assert.Equal((0, 0, 1), Damage(await VerifyAsync()));
        await ReplaceAsync("77", right);
        await ReplaceAsync("11", right.Replace("\"id\":77,", "\"id\":11,", StringComparison.Ordinal));
        Assert.Equal((0, 0, 1), Damage(await VerifyAsync()));
        await ReplaceAsync("11", right);
        Assert.Equal((1, 1, 0), Damage(await VerifyAsync()));

        async Task<VerifyReport> VerifyAsync() =>
            Assert.Single(await new StreamVerifier(Bench.Services, [stream]).VerifyAsync("events", default));

        async Task ReplaceAsync(string id, string source) => Assert.Equal(
            IndexOutcome.Updated,
            (await Store.BulkAsync("events-1970", [new SearchDocument(id, Encoding.UTF8.GetBytes(source))], default))[0].Outcome);

        static (long, long, long) Damage(VerifyReport report) => (report.Lost, report.Doubled, report.Altered);
    }

    [Theory]
    [InlineData("events", false)]
    [InlineData("events-{at:yyyy}", false)]
    [InlineData("events", true)]
    public async Task A_range_is_replayed_by_id_with_what_the_stream_makes_now_and_no_document_twice(string index, bool createOnly)
    {
        const string Sql = "SELECT id, kind, to_timestamp(id)::TIMESTAMP AS at, _topic, _partition, _offset FROM batch";
        var definition = new IndexSinkDefinition("index", index)
        {
            Date = index.Contains('{', StringComparison.Ordinal) ? new IndexDate("events-", "at", "yyyy", "") : null,
            CreateOnly = createOnly,
        };
        var stream = Stream(ConflictRule.Append, Sql) with { Sinks = [definition] };
        await Bench.ProduceAsync([.. Enumerable.Range(0, 1000).Select(i => i == 100 ? "{" : Json(i))]);
        await Bench.CatchUpAsync(stream);
        await DeleteAsync(definition.Date is null ? "events" : "events-1970", "events-0-0", "events-1-400");

        var changed = stream with
        {
            Transform =
            stream.Transform! with { Text = Sql.Replace("kind", "upper(kind) AS kind", StringComparison.Ordinal) }
        };
        using var letters = new StreamDeadLetters(Bench.Warehouse, Bench.Log, [changed]);
        var replay = new RangeReplay(Bench.Services, [changed], letters);
        var request = new RangeReplayRequest("events") { From = ReplayBound.Parse("0"), To = ReplayBound.Parse("300") };
        var plan = await replay.PreviewAsync(request, default);
        Assert.Equal((600, ReplayMethod.ById, $"index {index}"), (plan.Records, plan.Sinks[0].Method, plan.Sinks[0].Target));
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(599, (await replay.RunAsync(request, null, default)).Records);
            var hits = await ScanAsync("events*");
            Assert.Equal(998, hits.Count);
            Assert.Equal(createOnly ? 1 : 599, hits.Count(h => h.Source.GetProperty("kind").GetString() == "A"));
        }

        var held = await new IndexSink(Store, "test", stream, definition, _ => { }).ReadPositionsAsync(
            [new("events", 0), new("events", 1)], default);
        Assert.Equal([500L, 500L], held.Values.Select(o => o.Value));
        await replay.RunAsync(new RangeReplayRequest("events"), null, default);
        Assert.Equal(999, (await ScanAsync("events*")).Count);
        if (!createOnly)
            Assert.True(Assert.Single(await new StreamVerifier(Bench.Services, [changed]).VerifyAsync(null, default)).Proven);
    }

    [Fact]
    public async Task A_replay_leaves_newer_versions_alone_and_brings_back_what_was_deleted_later_only_as_its_records_say()
    {
        const string Sql = "SELECT id % 100 AS id, id AS seen, kind, id >= 900 AND id % 100 < 10 AS gone FROM batch";
        var definition = new IndexSinkDefinition("index", "events") { Id = ["id"], Version = "seen", Delete = "gone" };
        var stream = Stream(ConflictRule.Append, Sql) with { Sinks = [definition] };
        await Bench.ProduceAsync([.. Enumerable.Range(0, 1000).Select(i => Json(i))]);
        await Bench.CatchUpAsync(stream);
        var before = Texts(await ScanAsync("events"));
        Assert.Equal(90, before.Count);

        using var letters = new StreamDeadLetters(Bench.Warehouse, Bench.Log, [stream]);
        var ranged = new RangeReplayRequest("events") { To = ReplayBound.Parse("300") };
        foreach (var (sink, notes) in new[] { (definition, 1), (definition with { Delete =
            null }, 0), (definition with { Delete = null, Version = null }, 1) })
        {
            var other = stream with { Sinks = [sink] };
            var plan = await new RangeReplay(Bench.Services, [other], letters).PreviewAsync(ranged, default);
            Assert.Equal(notes, plan.Notes.Count(n => n.Contains("is set back", StringComparison.Ordinal)));
        }

        await new RangeReplay(Bench.Services, [stream], letters).RunAsync(new RangeReplayRequest("events"), null, default);
        Assert.Equal(before, Texts(await ScanAsync("events")));
        Assert.True(Assert.Single(await new StreamVerifier(Bench.Services, [stream]).VerifyAsync(null, default)).Proven);
    }

    [Fact]
    public async Task Positions_of_an_index_are_planned_and_moved_and_a_late_plan_is_fenced()
    {
        var stream = Stream(ConflictRule.Append) with { Sinks = [new IndexSinkDefinition("index", "events") { Id = ["id"] }] };
        await Bench.ProduceAsync([.. Enumerable.Range(0, 100).Select(i => Json(i))]);
        await Bench.CatchUpAsync(stream);
        await DeleteAsync(
            "events", [.. Enumerable.Range(0, 100).Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        var positions = new StreamPositions(Bench.Services, [stream], new StreamSupervisor(Bench.Services, []));

        var back = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("-10")), default);
        Assert.Null(back.Refusal);
        Assert.Equal((20, 2), (back.Repeated, back.Moves.Count));
        await positions.ApplyAsync(back, default);
        Assert.All((await positions.ReadAsync("events", default)).SelectMany(p => p.Sinks), s => Assert.Equal((40, 10), (s.Held, s.Lag)));
        Assert.Equal(
            ErrorCode.CheckpointFenced, (await Assert.ThrowsAsync<TidemillException>(() => positions.ApplyAsync(back, default))).Code);
        await Bench.CatchUpAsync(stream);
        Assert.Equal(20, (await ScanAsync("events")).Count);

        await Bench.ProduceAsync([.. Enumerable.Range(100, 100).Select(i => Json(i))]);
        await positions.ApplyAsync(
            await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("latest"), Partition: 1), default), default);
        await Bench.CatchUpAsync(stream);
        Assert.Equal(70, (await ScanAsync("events")).Count);
        var fresh = stream with { Name = "fresh" };
        var first = new StreamPositions(Bench.Services, [fresh], new StreamSupervisor(Bench.Services, []));
        await first.ApplyAsync(await first.PlanAsync("fresh", new PositionRequest(PositionTarget.Parse("60")), default), default);
        Assert.All((await first.ReadAsync("fresh", default)).SelectMany(p => p.Sinks), s => Assert.Equal((60, 40), (s.Held, s.Lag)));
    }

    [Fact]
    public void A_stream_that_deduplicates_is_refused_and_missing_id_columns_are_named()
    {
        var stream = Stream(ConflictRule.Append) with { Sinks = [new IndexSinkDefinition("index", "events")] };
        Assert.Equal(["sinks.index.id"], StreamValidator.Validate(stream).Select(e => e.Path));
        Assert.Equal(["deduplicate"], StreamValidator.Validate(stream with { Deduplicate = ["id"] }).Select(e => e.Path));
        var wrong = new IndexSinkDefinition("index", "events") { Id = ["identity"], Version = "kind" };
        Assert.Equal(
            ["sinks.index.id", "sinks.index.version"], StreamValidator.Validate(stream with { Sinks = [wrong] }).Select(e => e.Path));
    }

    [Theory]
    [InlineData("SELECT *, _topic, _partition, _offset FROM batch", 6)]
    [InlineData("SELECT _offset, _partition, _topic, kind FROM batch;", 4)]
    public async Task Metadata_columns_beside_a_star_stand_there_once_and_make_ids(string sql, int columns)
    {
        await Bench.ProduceAsync([.. Enumerable.Range(0, 10).Select(i => Json(i))]);
        var stream = Stream(ConflictRule.Append, sql) with { Sinks = [new IndexSinkDefinition("index", "events")] };
        Assert.Empty(StreamValidator.Validate(stream));
        await Bench.CatchUpAsync(stream);
        var hits = await ScanAsync("events");
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"events-{i / 5}-{i % 5}"), hits.Select(h => h.Id).Order(StringComparer.Ordinal));
        Assert.All(hits, h => Assert.Equal(columns, h.Source.EnumerateObject().Count()));
        Assert.True(Assert.Single(await new StreamVerifier(Bench.Services, [stream]).VerifyAsync("events", default)).Proven);
    }

    [Fact]
    public void Two_columns_of_one_name_are_an_error_of_the_SQL()
    {
        var error = Assert.Single(StreamValidator.Validate(Stream(ConflictRule.Append, "SELECT id, amount AS ID FROM batch")));
        Assert.Contains("two columns ID", error.Problem, StringComparison.Ordinal);
    }

    private Task<List<SearchHit>> ScanAsync(string pattern) => Store.ScanAsync(pattern, default).ToListAsync().AsTask();

    private static List<string> Texts(List<SearchHit> hits) => [.. hits.Select(h => $"{h.Id} {h.Source}").Order(StringComparer.Ordinal)];

    private async Task DeleteAsync(string index, params string[] ids)
    {
        var (text, starts) = (new StringBuilder(), new List<int>());
        foreach (var id in ids)
        {
            starts.Add(text.Length);
            text.Append("{\"delete\":{\"_id\":\"").Append(id).Append("\"}}\n");
        }

        Assert.Empty((await Store.BulkAsync(index, new BulkBody(Encoding.UTF8.GetBytes(text.ToString()), starts), default)).Refused);
    }
}
