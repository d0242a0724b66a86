using System.Text;
using Tidemill.Connectors.Documents;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
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
        {
            await _bench.DisposeAsync();
        }

        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

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
        var errors = StreamValidator.Validate(Collection("SELECT id FROM batch")).Concat(StreamValidator.Validate(Collection(null, "nobody")))
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
        Assert.Equal(3000, (await new CollectionSink(Store, "test", stream, (CollectionSinkDefinition)stream.Sinks[0]).ReadPositionsAsync(default)).Values.Sum(o => o.Value));
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
        Assert.Equal(ErrorCode.CheckpointFenced, (await Assert.ThrowsAsync<TidemillException>(() => sink.MovePositionsAsync([back], default))).Code);
        await _bench.CatchUpAsync(stream);
        Assert.Equal(1, await Store.CountAsync("copies", default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_crash_around_the_commit_loses_and_doubles_nothing(bool after)
    {
        await _bench.ProduceAsync([.. Enumerable.Range(0, 2000).Select(i => Json(i % 700, $"{i}.00"))]);
        var store = new CrashingStore(Store) { CrashAfter = after };
        _bench.OpenSink = (stream, sink) => new CollectionSink(store, "test", stream, (CollectionSinkDefinition)sink);
        var stream = Collection(null, "id");
        var status = await _bench.CatchUpAsync(stream);
        Assert.True(store.Crashes >= 2);
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
            new SinkBatch { Rows = rows, Ranges = [new OffsetRange(new TopicPartition(Topic, 0), LogOffset.Zero, new LogOffset(1))] }, default));
        Assert.Equal(ErrorCode.CheckpointFenced, error.Code);
        Assert.Equal(2, await Store.CountAsync("copies", default));
    }

    [Theory]
    [InlineData(null, "id", ".50")]
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
        await Store.DeleteAsync("copies", [BsonValue.Of(documents[0], "_id"u8)!.Value], default);
        var other = Encoding.UTF8.GetString(ExtendedJson.Write(documents[1], JsonTypes.Canonical));
        using var altered = DocumentBatch.Of(other.Replace(value, value.Replace('0', '1'), StringComparison.Ordinal));
        await Store.UpsertAsync("copies", altered, BulkOrder.Ordered, default);
        report = Assert.Single(await new StreamVerifier(_bench.Services, [stream]).VerifyAsync(null, default));
        Assert.Equal((1, 0, 1), (report.Lost, report.Doubled, report.Altered));
    }

    protected static StreamDefinition Collection(string? transform, params string[] id) => Stream(ConflictRule.Append, transform) with
    {
        Sinks = [new CollectionSinkDefinition("copies", "copies") { Id = id }],
    };

    protected Task CatchUpAsync(StreamDefinition stream) => _bench.CatchUpAsync(stream);

    protected Task ProduceAsync(params string[] values) => _bench.ProduceAsync(values);

    protected async Task<List<string>> DocumentsAsync()
    {
        var documents = await Store.FindAsync(new DocumentQuery("copies", 100_000), default);
        return [.. documents.Select(document => Encoding.UTF8.GetString(ExtendedJson.Write(document, JsonTypes.Canonical)))];
    }

    /// <summary>Fails every second commit, before it is done or after.</summary>
    private sealed class CrashingStore(IDocumentStore store) : IDocumentStore
    {
        private int _commits;

        public bool CrashAfter { get; init; }

        public int Crashes { get; private set; }

        public string Description => store.Description;

        public async Task<long> CommitAsync(DocumentCommit commit, CancellationToken cancellationToken)
        {
            if (_commits++ % 2 == 1)
            {
                return await store.CommitAsync(commit, cancellationToken);
            }

            Crashes++;
            if (CrashAfter)
            {
                await store.CommitAsync(commit, cancellationToken);
            }
            else
            {
                // What a store without transactions leaves when the process ends between documents and position.
                await store.UpsertAsync(commit.Collection, commit.Documents, commit.Order, cancellationToken);
            }

            throw new TidemillException(ErrorCode.Unavailable, "The answer was lost.");
        }

        public Task<BulkResult> UpsertAsync(string collection, DocumentBatch documents, BulkOrder order, CancellationToken cancellationToken) =>
            store.UpsertAsync(collection, documents, order, cancellationToken);

        public Task<byte[]?> GetAsync(string collection, BsonValue id, CancellationToken cancellationToken) => store.GetAsync(collection, id, cancellationToken);

        public Task<IReadOnlyList<byte[]>> FindAsync(DocumentQuery query, CancellationToken cancellationToken) => store.FindAsync(query, cancellationToken);

        public Task<long> CountAsync(string collection, CancellationToken cancellationToken) => store.CountAsync(collection, cancellationToken);

        public Task<IReadOnlyList<string>> ListCollectionsAsync(CancellationToken cancellationToken) => store.ListCollectionsAsync(cancellationToken);

        public Task<long> DeleteAsync(string collection, IReadOnlyList<BsonValue> ids, CancellationToken cancellationToken) =>
            store.DeleteAsync(collection, ids, cancellationToken);

        public Task DropAsync(string collection, CancellationToken cancellationToken) => store.DropAsync(collection, cancellationToken);

        public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(CheckpointOwner owner, CancellationToken cancellationToken) =>
            store.ReadPositionsAsync(owner, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
