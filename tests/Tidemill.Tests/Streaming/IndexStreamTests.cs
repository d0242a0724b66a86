using System.Diagnostics;
using Tidemill.Connectors.Search.Embedded;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Core.Configuration;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Verification;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

/// <summary>Streams into an index of the embedded store.</summary>
public sealed class IndexStreamTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-index-stream-").FullName;

    private StreamBench Bench { get; set; } = null!;

    private EmbeddedSearchStore Store { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Bench = await OpenAsync();
        Store = await EmbeddedSearchStore.OpenAsync(_folder, default);
        Bench.OpenSink = (stream, sink) => new IndexSink(Store, "test", stream, (IndexSinkDefinition)sink, _ => { });
    }

    public async ValueTask DisposeAsync()
    {
        await Bench.DisposeAsync();
        await Store.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hundreds_of_documents_that_do_not_fit_are_dead_letters_within_seconds(bool withTable)
    {
        await Store.EnsureIndexAsync("events", new IndexMapping(new Dictionary<string, string> { ["kind"] = "boolean" }), default);
        await Bench.ProduceAsync([.. Enumerable.Range(0, 20_000).Select(i => i == 3 ? "{" : Json(i, kind: i % 50 == 7 ? "perhaps" : "true"))]);
        var started = Stopwatch.GetTimestamp();
        var definition = new IndexSinkDefinition("index", "events") { Id = ["id"], Mapping = new Dictionary<string, string> { ["kind"] = "boolean" } };
        var stream = Stream(ConflictRule.Append) with { Batch = new BatchDefinition { MaxRecords = 20_000, MaxWait = TimeSpan.FromMilliseconds(300) } };
        await Bench.CatchUpAsync(stream with { Sinks = withTable ? [.. stream.Sinks, definition] : [definition] });

        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20), $"It took {Stopwatch.GetElapsedTime(started)}.");
        var letters = await new DeadLetterStore(Bench.Warehouse).ListAsync("events", null, 1000, 0, default);
        Assert.Equal(401, letters.Count);
        Assert.Equal(400, letters.Count(l => l.Message.Contains("kind", StringComparison.Ordinal)));
        Assert.DoesNotContain(letters, l => l.Message.Contains("perhaps", StringComparison.Ordinal));
        Assert.Equal(19_599, (await Store.SearchAsync("events", null, 0, 1, default)).Total);
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

        async Task<VerifyReport> VerifyAsync() => Assert.Single(await new StreamVerifier(Bench.Services, [stream]).VerifyAsync("events", default));

        async Task ReplaceAsync(string id, string source) => Assert.Equal(
            IndexOutcome.Updated, (await Store.BulkAsync("events-1970", [new SearchDocument(id, System.Text.Encoding.UTF8.GetBytes(source))], default))[0].Outcome);

        static (long, long, long) Damage(VerifyReport report) => (report.Lost, report.Doubled, report.Altered);
    }

    [Fact]
    public void A_stream_that_deduplicates_is_refused_and_missing_id_columns_are_named()
    {
        var stream = Stream(ConflictRule.Append) with { Sinks = [new IndexSinkDefinition("index", "events")] };
        Assert.Equal(["sinks.index.id"], StreamValidator.Validate(stream).Select(e => e.Path));
        Assert.Equal(["deduplicate"], StreamValidator.Validate(stream with { Deduplicate = ["id"] }).Select(e => e.Path));
        var wrong = new IndexSinkDefinition("index", "events") { Id = ["identity"], Version = "kind" };
        Assert.Equal(["sinks.index.id", "sinks.index.version"], StreamValidator.Validate(stream with { Sinks = [wrong] }).Select(e => e.Path));
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
        var hits = (await Store.SearchAsync("events", null, 0, 100, default)).Hits;
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"events-{i / 5}-{i % 5}"), hits.Select(h => h.Id));
        Assert.All(hits, h => Assert.Equal(columns, h.Source.EnumerateObject().Count()));
        Assert.True(Assert.Single(await new StreamVerifier(Bench.Services, [stream]).VerifyAsync("events", default)).Proven);
    }

    [Fact]
    public void Two_columns_of_one_name_are_an_error_of_the_SQL()
    {
        var error = Assert.Single(StreamValidator.Validate(Stream(ConflictRule.Append, "SELECT id, amount AS ID FROM batch")));
        Assert.Contains("two columns ID", error.Problem, StringComparison.Ordinal);
    }
}
