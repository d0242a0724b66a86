using System.Text.Json;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Search;
using Tidemill.Core.Streams;
using Tidemill.Tests.Warehouses;

namespace Tidemill.Tests.Search;

/// <summary>What a stream's index sink promises on every store; run once against each.</summary>
public abstract class IndexSinkContractTests(IEmptySearchStore empty) : IAsyncLifetime
{
    private static readonly TopicPartition First = new("events", 0);
    private static readonly TopicPartition Second = new("events", 1);
    private static readonly Schema Events = Rows.Schema("id bigint, name text, seen bigint");
    private static readonly IndexSinkDefinition ById = new("docs", "docs") { Id = ["id"], Version = "seen" };

    private FaultyStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _store = new FaultyStore(await empty.OpenAsync());

    public async ValueTask DisposeAsync()
    {
        await empty.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Every_column_type_is_written_exactly_and_mapped()
    {
        var schema = Rows.Schema(
            "id text, flag boolean, tiny tinyint, small smallint, n integer, big bigint, huge hugeint, u ubigint, f float, d double, "
            + "money decimal(18,2), wide decimal(38,10), low decimal(4,4), u_id uuid, day date, at timestamp, zoned timestamptz, time "
            + "time, doc json, raw blob");
        var guid = Guid.Parse("01234567-89ab-cdef-0123-456789abcdef");
        object?[] row =
        [
            "ü \"|\\ \n", true, (sbyte)-5, (short)-300, 70_000, long.MinValue, Int128.MaxValue, ulong.MaxValue, 1.5f, 0.1,
            -0.05m, Int128.Parse("-12345678901234567890123456789012345678", null), 0.0003m, guid, new DateOnly(2026, 2, 3),
            new DateTime(2026, 2, 3, 4, 5, 6).AddTicks(1234560), new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.Zero),
            new TimeOnly(1, 2, 3), "{\"a\":\n [1, null]}", new byte[] { 1, 2, 255 },
        ];
        using var batch = Rows.Batch(schema, [row, ["none", .. Enumerable.Repeat<object?>(null, 19)]]);
        var sink = await SinkAsync(
            new IndexSinkDefinition("all", "all") { Id = ["id"], Mapping = new Dictionary<string, string> { ["n"] = "long" } }, schema);
        Assert.Equal(2, await sink.WriteAsync(Batch(batch, Range(First, 0, 2)), Token));

        var document = await _store.GetAsync("all", "ü \"|\\ \n", Token);
        Assert.Equal(
            """
            {"id":"ü \"|\\ \n","flag":true,"tiny":-5,"small":-300,"n":70000,"big":-9223372036854775808,"huge":170141183460469231731687303715884105727,"u":18446744073709551615,"f":1.5,"d":0.1,"money":-0.05,"wide":-1234567890123456789012345678.9012345678,"low":0.0003,"u_id":"01234567-89ab-cdef-0123-456789abcdef","day":"2026-02-03","at":"2026-02-03T04:05:06.123456Z","zoned":"2026-02-03T04:05:06Z","time":"01:02:03","doc":{"a":  [1, null]},"raw":"AQL/"}
            """, document!.Value.GetRawText());
        Assert.All(
            (await _store.GetAsync("all", "none", Token))!.Value.EnumerateObject().Skip(1),
            p => Assert.Equal(JsonValueKind.Null, p.Value.ValueKind));
        var mapping = Assert.Single(await _store.ListIndexesAsync(Token)).Mapping.Fields;
        Assert.Equal(
            [("flag", "boolean"), ("tiny", "integer"), ("n", "long"), ("big", "long"), ("huge", "double"), ("f", "float"), ("money", "double"), ("u_id", "keyword"), ("day", "date"), ("at", "date"), ("id", "keyword")],
            new[] { "flag", "tiny", "n", "big", "huge", "f", "money", "u_id", "day", "at", "id" }.Select(name => (name, mapping[name])));
    }

    [Fact]
    public async Task Ids_are_positions_by_default_and_several_columns_never_give_one_id()
    {
        var positions = Rows.Schema("v integer, _topic text, _partition integer, _offset bigint");
        await WriteAsync(
            await SinkAsync(new IndexSinkDefinition("p", "p"), positions), positions, Range(First, 0, 8), [1, "events", 0, 7L]);
        Assert.Equal("events-0-7", Assert.Single(await ScanAsync("p")).Id);

        var pairs = Rows.Schema("a text, b text");
        var sink = await SinkAsync(new IndexSinkDefinition("q", "q") { Id = ["a", "b"] }, pairs);
        await WriteAsync(sink, pairs, Range(First, 0, 3), ["x|y", "z"], ["x", "y|z"], [@"x\", "|y"]);
        Assert.Equal([@"x\\|\|y", @"x\|y|z", @"x|y\|z"], (await ScanAsync("q")).Select(h => h.Id).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_replay_after_a_crash_between_documents_and_position_changes_nothing()
    {
        var rows = Enumerable.Range(0, 5000).Select(i => new object?[] { (long)i, $"name {i}", 1L }).ToArray();
        _store.BodyBytes = 20_000;
        _store.OnAdvance = () => throw new TidemillException(ErrorCode.Unavailable, "killed");
        var killed = await SinkAsync(ById, Events);
        await ThrowsAsync(ErrorCode.Unavailable, () => WriteAsync(killed, Events, Range(First, 0, 5000), rows));
        Assert.Empty(await killed.ReadPositionsAsync([First, Second], Token));
        var before = await ScanAsync("docs");
        Assert.Equal(5000, before.Count);
        Assert.True(_store.Bodies > 10);

        _store.OnAdvance = () => Task.CompletedTask;
        var next = await SinkAsync(ById, Events);
        await WriteAsync(next, Events, Range(First, 0, 5000), rows);
        Assert.Equal(Texts(before), Texts(await ScanAsync("docs")));
        Assert.Equal(new LogOffset(5000), (await next.ReadPositionsAsync([First, Second], Token))[First]);
    }

    [Fact]
    public async Task A_batch_tried_again_goes_on_with_the_body_that_failed()
    {
        _store.BodyBytes = 10_000;
        var sink = await SinkAsync(ById, Events);
        using var rows = Rows.Batch(Events, [.. Enumerable.Range(0, 1000).Select(i => new object?[] { (long)i, $"name {i}", 1L })]);
        _store.OnBulk = () => _store.Bodies == 4 ? throw new TidemillException(ErrorCode.Unavailable, "busy") : Task.CompletedTask;
        await ThrowsAsync(ErrorCode.Unavailable, () => sink.WriteAsync(Batch(rows, Range(First, 0, 1000)), Token));
        _store.OnBulk = () => Task.CompletedTask;
        Assert.Equal(1000, await sink.WriteAsync(Batch(rows, Range(First, 0, 1000)), Token));
        var whole = _store.Bodies;

        var other = await SinkAsync(ById with { Name = "other" }, Events);
        await other.WriteAsync(Batch(rows, Range(First, 0, 1000)), Token);
        Assert.Equal(whole, _store.Bodies - whole);
        Assert.Equal(1000, (await ScanAsync("docs")).Count);
    }

    [Fact]
    public async Task A_writer_that_was_overtaken_is_fenced_before_it_writes()
    {
        var (late, taker) = (await SinkAsync(ById, Events), await SinkAsync(ById, Events));
        await WriteAsync(taker, Events, Range(First, 0, 10), [1L, "new", 5L]);
        await ThrowsAsync(ErrorCode.CheckpointFenced, () => WriteAsync(late, Events, Range(First, 0, 10), [1L, "late", 9L]));
        Assert.Equal("new", await NameAsync(1));
        await WriteAsync(late, Events, Range(First, 10, 11), [1L, "next", 6L]);
        Assert.Equal("next", await NameAsync(1));
        Assert.Equal(new LogOffset(11), (await taker.ReadPositionsAsync([First, Second], Token))[First]);
    }

    [Fact]
    public async Task A_writer_overtaken_after_its_check_is_fenced_at_the_position_and_leaves_newer_documents_alone()
    {
        var (late, taker) = (await SinkAsync(ById, Events), await SinkAsync(ById, Events));
        await WriteAsync(late, Events, Range(First, 0, 1), [1L, "first", 1L]);
        _store.OnBulk = async () =>
        {
            _store.OnBulk = () => Task.CompletedTask;
            await WriteAsync(taker, Events, Range(First, 1, 5), [1L, "newer", 5L], [2L, "second", 2L]);
        };
        await ThrowsAsync(
            ErrorCode.CheckpointFenced, () => WriteAsync(late, Events, Range(First, 1, 3), [1L, "older", 2L], [2L, "second", 2L]));
        Assert.Equal("newer", await NameAsync(1));
        Assert.Equal(new LogOffset(5), (await taker.ReadPositionsAsync([First, Second], Token))[First]);
    }

    [Fact]
    public async Task Partitions_have_positions_of_their_own()
    {
        var (one, two) = (await SinkAsync(ById, Events), await SinkAsync(ById, Events));
        await WriteAsync(one, Events, Range(First, 100, 110), [1L, "a", 1L]);
        await WriteAsync(two, Events, Range(Second, 0, 5), [2L, "b", 1L]);
        using var nothing = new Batch(Events, []);
        await one.WriteAsync(new SinkBatch { Ranges = [Range(First, 110, 120), Range(Second, 5, 6)], Rows = nothing }, Token);
        Assert.Equal(
            [(First, 120L), (Second, 6L)],
            (await two.ReadPositionsAsync([First, Second], Token)).OrderBy(p => p.Key.Partition).Select(p => (p.Key, p.Value.Value)));
        var elsewhere = new IndexSink(_store, "another project", Stream(ById), ById, _ => { });
        Assert.Empty(await elsewhere.ReadPositionsAsync([First, Second], Token));
    }

    [Fact]
    public async Task Rows_that_do_not_fit_are_refused_by_name_and_the_others_are_written()
    {
        var definition = ById with { Mapping = new Dictionary<string, string> { ["name"] = "date" } };
        var sink = await SinkAsync(definition, Events);
        using var all = Rows.Batch(
            Events, [[1L, "2026-01-01", 1L], [2L, "secret", 1L], [null, "2026-01-01", 1L], [4L, "2026-01-01", -1L], [5L, null, 1L]]);
        var error = await ThrowsAsync(ErrorCode.RowRejected, () => sink.WriteAsync(Batch(all, Range(First, 0, 5)), Token));
        Assert.Contains("3 of 5", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
        Assert.Empty(await sink.ReadPositionsAsync([First, Second], Token));
        Assert.Equal(["1", "5"], (await ScanAsync("docs")).Select(h => h.Id).Order());

        Assert.Contains("name", Refused([2L, "secret", 1L]), StringComparison.Ordinal);
        Assert.Contains("id", Refused([null, "2026-01-01", 1L]), StringComparison.Ordinal);
        Assert.Contains("version", Refused([4L, "2026-01-01", -1L]), StringComparison.Ordinal);
        Assert.Null(Refused([1L, "2026-01-01", 1L]));
        Assert.Null(Refused([5L, null, 1L]));

        string? Refused(object?[] row)
        {
            using var one = Rows.Batch(Events, [row]);
            return sink.Refused(one);
        }
    }

    [Fact]
    public async Task Older_versions_give_way_deletes_take_and_created_documents_stay()
    {
        var schema = Rows.Schema("id bigint, name text, seen timestamp, gone boolean");
        var (early, late) = (new DateTime(2026, 1, 1), new DateTime(2026, 1, 2));
        var sink = await SinkAsync(ById with { Delete = "gone" }, schema);
        await WriteAsync(sink, schema, Range(First, 0, 3), [1L, "late", late, false], [1L, "early", early, false], [2L, "x", early, null]);
        Assert.Equal("late", await NameAsync(1));
        await WriteAsync(sink, schema, Range(First, 3, 5), [2L, "x", late, true], [1L, "early", early, true]);
        Assert.Equal(["1"], (await ScanAsync("docs")).Select(h => h.Id));

        var create = await SinkAsync(new IndexSinkDefinition("create", "docs") { Id = ["id"], CreateOnly = true }, schema);
        await WriteAsync(create, schema, Range(First, 0, 2), [1L, "again", late, false], [3L, "third", late, false]);
        Assert.Equal(("late", "third"), (await NameAsync(1), await NameAsync(3)));
    }

    [Fact]
    public async Task A_date_column_spreads_documents_over_indexes_behind_one_alias()
    {
        var schema = Rows.Schema("id bigint, name text, at timestamp");
        var definition = new IndexSinkDefinition("tx", "tx-{at:yyyy.MM}")
        {
            Date = new IndexDate("tx-", "at", "yyyy.MM", ""),
            Id =
            ["id"],
            Aliases = ["all-tx"],
            Replicas = 0,
            Mapping = new Dictionary<string, string> { ["name"] = "text" }
        };
        var sink = await SinkAsync(definition, schema);
        await ThrowsAsync(ErrorCode.RowRejected, () => WriteAsync(
            sink, schema, Range(First, 0, 4),
            [1L, "a b", new DateTime(2026, 1, 31, 23, 59, 59)],
            [2L, "b", new DateTime(2026, 2, 1)], [3L, "c", new DateTime(2026, 2, 2)], [4L, "d", null]));
        Assert.Equal(["tx-2026.01", "tx-2026.02"], (await _store.ListIndexesAsync(Token)).Select(i => i.Name));
        Assert.Equal(3, (await ScanAsync("tx-*")).Count);
        Assert.Equal(["1", "2"], (await _store.SearchAsync("all-tx", "b", 0, 10, Token)).Hits.Select(h => h.Id));
    }

    [Fact]
    public async Task A_field_of_another_type_is_a_conflict_that_names_both_types()
    {
        await _store.EnsureIndexAsync("docs", new IndexMapping(new Dictionary<string, string> { ["name"] = "long" }), Token);
        var error = await ThrowsAsync(ErrorCode.SchemaConflict, () => SinkAsync(ById, Events));
        Assert.Contains("name", error.Message, StringComparison.Ordinal);
        Assert.Contains("long", error.Message, StringComparison.Ordinal);
        Assert.Contains("keyword", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Missing_columns_are_named_before_anything_is_made()
    {
        var error = await ThrowsAsync(
            ErrorCode.ConfigurationInvalid, () => SinkAsync(new IndexSinkDefinition("x", "x") { Version = "name", Delete = "id" }, Events));
        Assert.Equal(["sinks.x.id", "sinks.x.version", "sinks.x.delete"], error.ConfigErrors.Select(e => e.Path));
        Assert.Empty(await _store.ListIndexesAsync(Token));
    }

    [Fact]
    public async Task An_index_deleted_under_the_stream_is_made_again_with_its_mapping()
    {
        var sink = await SinkAsync(ById, Events);
        await _store.DeleteIndexAsync("docs", Token);
        using var rows = Rows.Batch(Events, [[1L, "a", 1L]]);
        if (await Record.ExceptionAsync(() => sink.WriteAsync(Batch(rows, Range(First, 0, 1)), Token)) is { } error)
        {
            Assert.Equal(ErrorCode.Unavailable, Assert.IsType<TidemillException>(error).Code);
            await sink.WriteAsync(Batch(rows, Range(First, 0, 1)), Token);
        }

        Assert.Equal("keyword", Assert.Single(await _store.ListIndexesAsync(Token)).Mapping.Fields["name"]);
        Assert.Equal("a", await NameAsync(1));
    }

    private static StreamDefinition Stream(IndexSinkDefinition sink) => new()
    {
        Name = "events",
        File = "streams/events.yaml",
        Source = new TopicSourceDefinition("events"),
        Sinks = [sink],
    };

    private async Task<IndexSink> SinkAsync(IndexSinkDefinition definition, Schema schema)
    {
        var sink = new IndexSink(_store, "test", Stream(definition), definition, _ => { });
        await sink.OpenAsync(schema, Token);
        return sink;
    }

    private static OffsetRange Range(TopicPartition partition, long start, long end) =>
        new(partition, new LogOffset(start), new LogOffset(end));

    private static SinkBatch Batch(Batch rows, OffsetRange range) => new() { Ranges = [range], Rows = rows };

    private static async Task WriteAsync(IndexSink sink, Schema schema, OffsetRange range, params object?[][] rows)
    {
        using var batch = Rows.Batch(schema, rows);
        await sink.WriteAsync(Batch(batch, range), Token);
    }

    private Task<List<SearchHit>> ScanAsync(string pattern) => _store.ScanAsync(pattern, Token).ToListAsync(Token).AsTask();

    private static List<string> Texts(List<SearchHit> hits) =>
        [.. hits.Select(h => $"{h.Id} {h.Version} {h.Source}").Order(StringComparer.Ordinal)];

    private async Task<string?> NameAsync(long id) =>
        (await _store.GetAsync("docs", id.ToString(System.Globalization.CultureInfo.InvariantCulture), Token))!.Value.GetProperty("name")
            .GetString();

    private static async Task<TidemillException> ThrowsAsync(ErrorCode code, Func<Task> action)
    {
        var error = await Assert.ThrowsAsync<TidemillException>(action);
        Assert.Equal(code, error.Code);
        return error;
    }
}
