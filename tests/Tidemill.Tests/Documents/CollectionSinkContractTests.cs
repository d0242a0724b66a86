using System.Text;
using Tidemill.Connectors.Documents;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Verification;
using Tidemill.Tests.Streaming;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Documents;

/// <summary>Streams into collections; run once against each document store.</summary>
public abstract class CollectionSinkContractTests : IAsyncLifetime
{
    private const string Row =
        """
        SELECT id AS k, true AS b, 5::TINYINT AS i8, id::UINTEGER AS u32, 18446744073709551615::UBIGINT AS u64, 7::HUGEINT AS huge,
          0.5::FLOAT AS f, amount, 12345678901234567890123456789012.34::DECIMAL(38,2) AS wide, kind, '{"a":[1,{"b":null}],"at":{"$date":"2026-01-01T00:00:00Z"}}'::JSON AS j,
          '73ffd264-44b3-4c69-90e8-e7d1dfc035d4'::UUID AS u, '\x01\x02'::BLOB AS bytes, DATE '1969-12-31' AS d, TIME '10:00:00.000001' AS t,
          TIMESTAMP '1969-12-31 23:59:59.9995' AS ts, TIMESTAMPTZ '2026-01-01 00:00:00.123456+00' AS tz, INTERVAL '1 month 2 days' AS span, NULL::INTEGER AS nothing
        FROM batch
        """;

    /// <summary>JSON of every kind, spelt in ways that BSON does not keep.</summary>
    private const string Documents =
        """
        SELECT id, ('{ "z": ' || id || ', "a": [1, 2.50, 1e2, -0, 1E+300, 1e400, 5e-324, {"b": null, "x": 70}], "a2": 0.1234567890123456789012345678901234567890,'
          || ' "wide": 12345678901234567890.12345678901234, "text": "\u00fc \"q\"", "o": {}, "at": {"$date": "2026-01-01T00:00:00.7Z"},'
          || ' "n": {"$numberLong": "7"}, "i": {"$oid": "0123456789abcdef01234567"} }')::JSON AS doc,
          CASE id % 3 WHEN 0 THEN 'null' WHEN 1 THEN '"text"' ELSE '[]' END::JSON AS plain
        FROM batch
        """;

    private StreamBench _bench = null!;

    protected IDocumentStore Store { get; private set; } = null!;

    protected abstract Task<IDocumentStore> OpenStoreAsync();

    public async ValueTask InitializeAsync()
    {
        Store = await OpenStoreAsync();
        _bench = await OpenAsync();
        _bench.OpenSink = (stream, sink) => new CollectionSink(Store, "test", stream, (CollectionSinkDefinition)sink);
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_bench is not null)
            await _bench.DisposeAsync();

        if (Store is not null)
            await Store.DisposeAsync();

        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Columns_become_fields_of_their_types()
    {
        await _bench.ProduceAsync(Json(1, "12.50"));
        await _bench.CatchUpAsync(Collection(Row, "k"));
        Assert.Equal(
            """{"_id":{"$numberLong":"1"},"k":{"$numberLong":"1"},"b":true,"i8":{"$numberInt":"5"},"u32":{"$numberLong":"1"},"u64":{"$numberDecimal":"18446744073709551615"},"huge":{"$numberDecimal":"7"},"f":{"$numberDouble":"0.5"},"amount":{"$numberDecimal":"12.50"},"wide":{"$numberDecimal":"12345678901234567890123456789012.34"},"kind":"a","j":{"a":[{"$numberInt":"1"},{"b":null}],"at":{"$date":{"$numberLong":"1767225600000"}}},"u":{"$binary":{"base64":"c//SZESzTGmQ6OfR38A11A==","subType":"04"}},"bytes":{"$binary":{"base64":"AQI=","subType":"00"}},"d":{"$date":{"$numberLong":"-86400000"}},"t":"10:00:00.000001","ts":{"$date":{"$numberLong":"-1"}},"tz":{"$date":{"$numberLong":"1767225600123"}},"span":{"months":{"$numberInt":"1"},"days":{"$numberInt":"2"},"micros":{"$numberLong":"0"}},"nothing":null}""",
            Assert.Single(await DocumentsAsync()));
    }

    [Fact]
    public async Task Ids_are_positions_a_column_or_several()
    {
        await _bench.ProduceAsync(Json(1, kind: "x"), Json(2, kind: "y"));
        await _bench.CatchUpAsync(Collection("SELECT id, _topic, _partition, _offset FROM batch"));
        await _bench.CatchUpAsync(Collection("SELECT id, kind AS _id FROM batch") with { Name = "named" });
        await _bench.CatchUpAsync(Collection("SELECT id, kind FROM batch", "kind", "id") with { Name = "both" });
        Assert.Equal(
            [
                """{"_id":"events-0-0","id":{"$numberLong":"1"}}""", """{"_id":"events-1-0","id":{"$numberLong":"2"}}""",
                """{"_id":"x","id":{"$numberLong":"1"}}""", """{"_id":"y","id":{"$numberLong":"2"}}""",
                """{"_id":{"kind":"x","id":{"$numberLong":"1"}},"id":{"$numberLong":"1"},"kind":"x"}""",
                """{"_id":{"kind":"y","id":{"$numberLong":"2"}},"id":{"$numberLong":"2"},"kind":"y"}""",
            ],
            await DocumentsAsync());
    }

    [Fact]
    public async Task Rows_that_have_no_id_are_found_by_the_check()
    {
        var errors = StreamValidator.Validate(Collection("SELECT id FROM batch"))
            .Concat(StreamValidator.Validate(Collection(null, "nobody")))
            .Concat(StreamValidator.Validate(Collection(null, "id") with { Deduplicate = ["id"] })).ToList();
        Assert.Equal(["sinks.copies.id", "sinks.copies.id", "deduplicate"], errors.Select(e => e.Path));
        Assert.Contains("_offset", errors[0].Fix, StringComparison.Ordinal);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Stopped_resumed_and_replayed_gives_the_same_documents_as_run_straight()
    {
        var all = Enumerable.Range(0, 3000).Select(i => Json(i % 1200, $"{i}.00")).ToArray();
        await _bench.ProduceAsync(all[..1000]);
        var stream = Collection(null, "id");
        await _bench.CatchUpAsync(stream);
        await _bench.ProduceAsync(all[1000..]);
        await _bench.CatchUpAsync(stream);
        var once = await DocumentsAsync();
        Assert.Equal(1200, once.Count);
        var replay = await _bench.CatchUpAsync(stream with { Name = "again" });
        Assert.Equal(3000, replay.Records);
        Assert.Equal(once, await DocumentsAsync());
        Assert.Equal(3000, (await new CollectionSink(
            Store, "test", stream, (CollectionSinkDefinition)stream.Sinks[0]).ReadPositionsAsync([], default)).Values.Sum(o => o.Value));
    }

    [Fact]
    public async Task Rows_that_cannot_be_documents_become_dead_letters_and_the_rest_is_written()
    {
        await _bench.ProduceAsync([.. Enumerable.Range(0, 300).Select(i => Json(i, kind: i is 17 or 250 ? "bad" : "5"))]);
        const string Sql = "SELECT id, CASE WHEN kind = 'bad' THEN NULL ELSE id END AS k, kind FROM batch";
        await _bench.CatchUpAsync(Collection(Sql, "k"));
        Assert.Equal(298, await Store.CountAsync("copies", default));
        var letters = await new DeadLetterStore(_bench.Warehouse).ListAsync("events", null, 10, 0, default);
        Assert.Equal(2, letters.Count);
        Assert.All(letters, letter => Assert.Equal(ErrorCode.RowRejected, letter.Code));
        Assert.All(letters, letter => Assert.Contains("\"bad\"", Encoding.UTF8.GetString(letter.Value!), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Positions_move_back_for_a_replay_from_where_they_stand_only()
    {
        await _bench.ProduceAsync(Json(1), Json(2), Json(3), Json(4));
        var stream = Collection(null, "id");
        await _bench.CatchUpAsync(stream);
        await Store.DropAsync("copies", default);
        await using var sink = new CollectionSink(Store, "test", stream, (CollectionSinkDefinition)stream.Sinks[0]);
        var back = new OffsetRange(new TopicPartition(Topic, 0), new LogOffset(2), new LogOffset(1));
        await sink.MovePositionsAsync([back], default);
        Assert.Equal(
            ErrorCode.CheckpointFenced, (await Assert.ThrowsAsync<TidemillException>(() => sink.MovePositionsAsync([back], default))).Code);
        await _bench.CatchUpAsync(stream);
        Assert.Equal(1, await Store.CountAsync("copies", default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_crash_around_the_commit_loses_and_doubles_nothing(bool after)
    {
        await _bench.ProduceAsync([.. Enumerable.Range(0, 2000).Select(i => Json(i % 700, $"{i}.00"))]);
        var crashes = 0;
        var store = new FaultyDocumentStore(Store, async (inner, commit, before) =>
        {
            if (before % 2 == 1)
                return await inner.CommitAsync(commit, default);

            crashes++;
            // What a store without transactions leaves when the process ends between documents and position.
            await (after
                ? inner.CommitAsync(commit, default)
                : inner.UpsertAsync(commit.Collection, commit.Documents, commit.Order, default));
            throw new TidemillException(ErrorCode.Unavailable, "The answer was lost.");
        });
        _bench.OpenSink = (stream, sink) => new CollectionSink(store, "test", stream, (CollectionSinkDefinition)sink);
        var stream = Collection(null, "id");
        var status = await _bench.CatchUpAsync(stream);
        Assert.True(crashes >= 2);
        Assert.Equal(700, await Store.CountAsync("copies", default));
        Assert.Equal(2000, status.Records);
        var crashed = await DocumentsAsync();
        await Store.DropAsync("copies", default);
        _bench.OpenSink = (stream, sink) => new CollectionSink(Store, "test", stream, (CollectionSinkDefinition)sink);
        await _bench.CatchUpAsync(stream with { Name = "straight" });
        Assert.Equal(await DocumentsAsync(), crashed);
    }

    [Fact]
    public async Task A_late_writer_is_fenced_and_has_changed_nothing()
    {
        await _bench.ProduceAsync(Json(1), Json(2));
        var stream = Collection(null, "id");
        await _bench.CatchUpAsync(stream);
        await using var late = new CollectionSink(Store, "test", stream, (CollectionSinkDefinition)stream.Sinks[0]);
        var schema = new Schema([new Field("id", new FieldType(FieldKind.Int64))]);
        await late.OpenAsync(schema, default);
        using var chunk = DataChunk.Create(LogicalType.BigInt);
        chunk[0].Data<long>()[0] = 77;
        chunk.Size = 1;
        using var rows = new Batch(schema, [chunk]);
        var error = await Assert.ThrowsAsync<TidemillException>(() => late.WriteAsync(
            new SinkBatch { Rows = rows, Ranges = [new OffsetRange(new TopicPartition(Topic, 0), LogOffset.Zero, new LogOffset(1))] },
            default));
        Assert.Equal(ErrorCode.CheckpointFenced, error.Code);
        Assert.Equal(2, await Store.CountAsync("copies", default));
    }

    [Fact]
    public async Task Rows_that_are_no_documents_are_set_aside_at_once_and_batches_stay_whole()
    {
        await _bench.ProduceAsync([.. Enumerable.Range(0, 6000).Select(i => Json(i, kind: i % 20 == 7 ? "none" : "5"))]);
        var store = new FaultyDocumentStore(Store);
        _bench.OpenSink = (stream, sink) => new CollectionSink(store, "test", stream, (CollectionSinkDefinition)sink);
        await _bench.CatchUpAsync(Large(Collection("SELECT id, CASE WHEN kind = 'none' THEN NULL ELSE id END AS k FROM batch", "k")));
        Assert.Equal(5700, await Store.CountAsync("copies", default));
        Assert.Equal(300, await LettersAsync("part of the document's _id, is NULL"));
        Assert.InRange(store.Commits, 1, 10);
    }

    [Fact]
    public async Task Documents_that_the_store_refuses_are_set_aside_at_once_and_batches_stay_whole()
    {
        await _bench.ProduceAsync([.. Enumerable.Range(0, 6000).Select(i => Json(i, kind: i % 20 == 7 ? "secret" : "5"))]);
        var store = new FaultyDocumentStore(Store, async (inner, commit, _) =>
        {
            var refused = Enumerable.Range(0, commit.Documents.Count).Where(i => commit.Documents[i].IndexOf("secret"u8) >= 0)
                .Select(i => new RefusedDocument(i, 121, "the collection's validation refuses it")).ToList();
            return refused.Count > 0 ? new BulkResult(0, refused) : await inner.CommitAsync(commit, default);
        });
        _bench.OpenSink = (stream, sink) => new CollectionSink(store, "test", stream, (CollectionSinkDefinition)sink);
        await _bench.CatchUpAsync(Large(Collection(null, "id")));
        Assert.Equal(5700, await Store.CountAsync("copies", default));
        Assert.Equal(300, await LettersAsync("validation refuses it"));
        Assert.InRange(store.Commits, 2, 20);
    }

    [Fact]
    public async Task A_range_is_replayed_by_id_with_what_the_stream_makes_now_and_no_document_twice()
    {
        await _bench.ProduceAsync([.. Enumerable.Range(0, 1000).Select(i => i == 100 ? "{" : Json(i))]);
        var stream = Collection("SELECT id, kind, _topic, _partition, _offset FROM batch");
        await _bench.CatchUpAsync(stream);
        await Store.DeleteAsync("copies", ["events-0-0", "events-1-400"], default);
        var changed = stream with
        {
            Transform =
            stream.Transform! with { Text = "SELECT id, upper(kind) AS kind, _topic, _partition, _offset FROM batch" }
        };
        using var letters = new StreamDeadLetters(_bench.Warehouse, _bench.Log, [changed]);
        var replay = new RangeReplay(_bench.Services, [changed], letters);
        var request = new RangeReplayRequest("events") { From = ReplayBound.Parse("0"), To = ReplayBound.Parse("300") };
        var plan = await replay.PreviewAsync(request, default);
        Assert.Equal((600, ReplayMethod.ById, "collection copies"), (plan.Records, plan.Sinks[0].Method, plan.Sinks[0].Target));
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal(599, (await replay.RunAsync(request, null, default)).Records);
            Assert.Equal(998, await Store.CountAsync("copies", default));
            Assert.Equal(599, (await DocumentsAsync()).Count(d => d.Contains("\"kind\":\"A\"", StringComparison.Ordinal)));
        }

        var held = await new CollectionSink(Store, "test", stream, (CollectionSinkDefinition)stream.Sinks[0]).ReadPositionsAsync([], default);
        Assert.Equal([500L, 500L], held.Values.Select(o => o.Value));
        await replay.RunAsync(new RangeReplayRequest("events"), null, default);
        Assert.True(Assert.Single(
            await new StreamVerifier(_bench.Services, [changed]).VerifyAsync(null, default)) is { Proven: true, RowsFound: 999 });
    }

    [Theory]
    [InlineData(null, "id", ".50")]
    [InlineData(Documents, "id", "\"70\"")]
    [InlineData(Documents, "id", "1767225600700")]
    [InlineData(Row, "k", "10:00:00")]
    [InlineData("SELECT *, _topic, _partition, _offset FROM batch", null, ".50")]
    [InlineData("SELECT id AS _id, amount FROM batch", null, ".50")]
    [InlineData("SELECT id, kind, TIMESTAMP '2026-01-01 00:00:00.123456' AS at FROM batch", "kind,id", "1767225600123")]
    public async Task Documents_are_proven_and_what_was_changed_beside_the_stream_is_found(string? transform, string? id, string value)
    {
        await _bench.ProduceAsync([.. Enumerable.Range(1, 1200).Select(i => Json(i, $"{i}.50"))]);
        var stream = Collection(transform, id?.Split(',') ?? []);
        await _bench.CatchUpAsync(stream);
        var report = Assert.Single(await new StreamVerifier(_bench.Services, [stream]).VerifyAsync(null, default));
        Assert.True(report.Proven, string.Join('\n', report.Findings));
        Assert.Equal((1200, 1200, "collection copies"), (report.RowsExpected, report.RowsFound, report.Table));

        var documents = await Store.FindAsync(new DocumentQuery("copies", 2), default);
        await Store.DeleteAsync("copies", [documents[0]["_id"]], default);
        var other = ExtendedJson.Text(documents[1]);
        using var altered = DocumentBatch.Of(other.Replace(value, value.Replace('0', '1'), StringComparison.Ordinal));
        await Store.UpsertAsync("copies", altered, BulkOrder.Ordered, default);
        report = Assert.Single(await new StreamVerifier(_bench.Services, [stream]).VerifyAsync(null, default));
        Assert.Equal((1, 0, 1), (report.Lost, report.Doubled, report.Altered));
    }

    protected static StreamDefinition Collection(string? transform, params string[] id) => Stream(ConflictRule.Append, transform) with
    {
        Sinks = [new CollectionSinkDefinition("copies", "copies") { Id = id }],
    };

    /// <summary>With batches of thousands.</summary>
    protected static StreamDefinition Large(StreamDefinition stream) =>
        stream with { Batch = new BatchDefinition { MaxRecords = 20_000, MaxWait = TimeSpan.FromMilliseconds(300) } };

    /// <summary>Dead letters whose message holds the words; none may hold a value.</summary>
    protected async Task<int> LettersAsync(string words)
    {
        var letters = await new DeadLetterStore(_bench.Warehouse).ListAsync("events", null, 10_000, 0, default);
        Assert.DoesNotContain(letters, l => l.Message.Contains("secret", StringComparison.Ordinal));
        return letters.Count(l => l.Message.Contains(words, StringComparison.Ordinal));
    }

    protected Task CatchUpAsync(StreamDefinition stream) => _bench.CatchUpAsync(stream);

    protected Task ProduceAsync(params string[] values) => _bench.ProduceAsync(values);

    protected async Task<List<string>> DocumentsAsync()
    {
        var documents = await Store.FindAsync(new DocumentQuery("copies", 100_000), default);
        return [.. documents.Select(document => ExtendedJson.Text(document))];
    }
}
