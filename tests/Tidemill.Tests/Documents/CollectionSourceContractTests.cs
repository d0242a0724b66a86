using System.Text;
using Tidemill.Connectors.Documents;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.Tests.Streaming;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Documents;

/// <summary>Collections into topics; run once against each document store.</summary>
public abstract class CollectionSourceContractTests : IAsyncLifetime
{
    private StreamBench _bench = null!;

    protected IDocumentStore Store { get; private set; } = null!;

    protected abstract Task<IDocumentStore> OpenStoreAsync();

    public async ValueTask InitializeAsync()
    {
        Store = await OpenStoreAsync();
        _bench = await OpenAsync(partitions: 3);
        _bench.OpenSource = pump => new CollectionSource(Store, (CollectionSourceDefinition)pump.Source);
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
    public async Task Types_come_through_the_topic_into_a_table_without_loss()
    {
        await UpsertAsync(
            """{"_id":{"$oid":"64b7f0c2e1a4f5d6c7b8a901"},"amount":{"$numberDecimal":"12345678901234567890.12"},"at":{"$date":{"$numberLong":"1767225600123"}},"n":{"$numberLong":"9007199254740993"},"u":{"$uuid":"73ffd264-44b3-4c69-90e8-e7d1dfc035d4"},"lines":[{"sku":"a","price":{"$numberDecimal":"0.10"}},null],"ok":true}""");
        await PumpAsync(Pump(), 1);
        var table = Stream(ConflictRule.Append, "SELECT _key AS key, * FROM batch") with
        {
            Decode = new DecodeDefinition
            {
                Fields =
                [
                    new DecodeField("_id", new FieldType(FieldKind.Text)),
                    new DecodeField("amount", new FieldType(FieldKind.Decimal, 38, 2)),
                    new DecodeField("at", new FieldType(FieldKind.Timestamp)), new DecodeField("n", new FieldType(FieldKind.Int64)),
                    new DecodeField("u", new FieldType(FieldKind.Uuid)), new DecodeField("lines", new FieldType(FieldKind.Json)),
                    new DecodeField("ok", new FieldType(FieldKind.Boolean)),
                ],
            },
        };
        await _bench.CatchUpAsync(table);
        var row = Assert.Single(await _bench.RowsAsync(
            "SELECT key::VARCHAR, _id, amount::VARCHAR, \"at\"::VARCHAR, n, u::VARCHAR, lines::VARCHAR, ok FROM events"));
        Assert.Equal(
            [
                "64b7f0c2e1a4f5d6c7b8a901",
                "64b7f0c2e1a4f5d6c7b8a901", "12345678901234567890.12", "2026-01-01 00:00:00.123", 9007199254740993L,
                "73ffd264-44b3-4c69-90e8-e7d1dfc035d4", """[{"sku":"a","price":0.10},null]""", true,
            ],
            row);
    }

    [Fact]
    public async Task Canonical_records_hold_every_type()
    {
        const string Document = """{"_id":{"$numberInt":"1"},"d":{"$date":{"$numberLong":"5"}},"x":{"$minKey":1}}""";
        await UpsertAsync(Document);
        await PumpAsync(Pump(types: JsonTypes.Canonical), 1);
        Assert.Equal(Document, Assert.Single(await RecordsAsync()));
    }

    [Theory]
    [InlineData("_id")]
    [InlineData("at")]
    public async Task Documents_are_read_once_however_often_the_pump_is_started(string field)
    {
        await UpsertAsync([.. Enumerable.Range(0, 2500).Select(i => Document(i, i / 1700))]);
        await PumpAsync(Pump(field), 2500);
        await PumpAsync(Pump(field), 2500);
        await UpsertAsync([.. Enumerable.Range(2500, 10).Select(i => Document(i, 2))]);
        await PumpAsync(Pump(field), 2510);
        Assert.Equal(2510, (await RecordsAsync()).Distinct().Count());
    }

    [Fact]
    public async Task A_document_that_comes_late_with_the_last_value_is_not_lost()
    {
        await UpsertAsync(Document(50, 1), Document(60, 1));
        await PumpAsync(Pump("at"), 2);
        await UpsertAsync(Document(10, 1), Document(55, 1), Document(70, 1));
        await PumpAsync(Pump("at"), 5);
        await UpsertAsync(Document(5, 1));
        await PumpAsync(Pump("at"), 6);
        Assert.Equal(6, (await RecordsAsync()).Distinct().Count());
    }

    [Theory]
    [InlineData("at")]
    [InlineData("_id")]
    public async Task Documents_that_show_late_within_the_overlap_are_read_once(string field)
    {
        await UpsertAsync([.. Enumerable.Range(100, 1500).Select(Second)]);
        await PumpAsync(Pump(field), 1500);
        await UpsertAsync(Second(1600), Dated(1590, 1));
        await PumpAsync(Pump(field), 1502);
        await UpsertAsync(Dated(1592, 2), Dated(1591, 3));
        await PumpAsync(Pump(field), 1504);
        await PumpAsync(Pump(field), 1504);
        Assert.Equal(1504, (await RecordsAsync()).Distinct().Count());

        static string Second(int second) => Dated(second, 0);
        static string Dated(int second, int n)
        {
            var (id, time) = ($"{second:x8}000000000000000{n}", $"{second * 1000L}");
            return "{\"_id\":{\"$oid\":\"" + id + "\"},\"at\":{\"$date\":{\"$numberLong\":\"" + time + "\"}}}";
        }
    }

    [Fact]
    public async Task A_document_that_changes_with_its_field_is_read_again()
    {
        await UpsertAsync(Document(1, 1), Document(2, 1));
        await PumpAsync(Pump("at"), 2);
        await UpsertAsync("""{"_id":1,"at":2,"changed":true}""");
        await PumpAsync(Pump("at"), 3);
        Assert.Contains("""{"_id":1,"at":2,"changed":true}""", await RecordsAsync());
    }

    [Theory]
    [InlineData("_id", 1)]
    [InlineData("_id", 7)]
    [InlineData("at", 1)]
    [InlineData("at", 5)]
    public async Task A_page_of_which_a_crash_let_a_part_through_is_completed_and_not_doubled(string field, int seed)
    {
        var log = new TearingLog(_bench.Log, new Random(seed));
        _bench.WrapLog = _ => log;
        await UpsertAsync([.. Enumerable.Range(0, 4200).Select(i => Document(i, i / 1500))]);
        await PumpAsync(Pump(field), 4200);
        Assert.True(log.Torn > 0);
        Assert.Equal(4200, (await RecordsAsync()).Distinct().Count());
    }

    protected async Task UpsertAsync(params string[] documents)
    {
        using var batch = DocumentBatch.Of(documents);
        Assert.Empty((await Store.UpsertAsync("orders", batch, BulkOrder.Ordered, default)).Refused);
    }

    protected static PumpDefinition Pump(string field = "_id", JsonTypes types = JsonTypes.Plain) => new()
    {
        Name = "orders",
        File = "streams/orders.yaml",
        Source = new CollectionSourceDefinition("orders") { Field = field, Types = types, Poll = TimeSpan.FromMilliseconds(20) },
        Topic = Topic,
    };

    protected static string Document(int id, int at) => $$"""{"_id":{{id}},"at":{{at}}}""";

    /// <summary>Runs the pump until the topic has so many records, and some polls more, in which nothing may come.</summary>
    protected async Task PumpAsync(PumpDefinition stream, long records)
    {
        var reads = 0;
        var before = _bench.OpenSource;
        _bench.OpenSource = definition => new CountingSource((ISource)before(definition), () => Interlocked.Increment(ref reads));
        var reached = -1;
        var status = await _bench.RunUntilAsync(stream, async _ =>
        {
            var there = (await _bench.Log.DescribeTopicAsync(Topic, default))!.Records >= records;
            reached = there && reached < 0 ? Volatile.Read(ref reads) : reached;
            return there && Volatile.Read(ref reads) >= reached + 3;
        });
        _bench.OpenSource = before;
        Assert.True(status.IsPump);
        Assert.Equal($"collection orders -> topic {Topic}", status.Route);
        Assert.Equal(records, (await _bench.Log.DescribeTopicAsync(Topic, default))!.Records);
    }

    protected async Task<List<string>> RecordsAsync()
    {
        var values = new List<string>();
        foreach (var partition in (await _bench.Log.DescribeTopicAsync(Topic, default))!.Partitions)
        {
            await using var consumer = _bench.Log.CreateConsumer(new ConsumerOptions
            {
                Assignment = [new RecordPosition(new TopicPartition(Topic, partition.Partition), partition.Earliest)],
            });
            for (var next = partition.Earliest; next < partition.Next;)
            {
                using var run = await consumer.PollAsync(TimeSpan.FromSeconds(5), default);
                next = run!.Next;
                foreach (ref readonly var record in run.Records)
                    values.Add(Encoding.UTF8.GetString(record.Value));
            }
        }

        return values;
    }

    private sealed class CountingSource(ISource source, Action read) : ISource
    {
        public string Description => source.Description;

        public TimeSpan Poll => source.Poll;

        public async Task<SourcePage> ReadAsync(string? position, CancellationToken cancellationToken)
        {
            var page = await source.ReadAsync(position, cancellationToken);
            read();
            return page;
        }

        public bool MayReturn(string? position, string cursor) => source.MayReturn(position, cursor);

        public bool EndsReturnable(string? position, string cursor) => source.EndsReturnable(position, cursor);

        public ValueTask DisposeAsync() => source.DisposeAsync();
    }

    /// <summary>Appends a part of a page and fails, as a process that ends in the midst of it.</summary>
    private sealed class TearingLog(ILog log, Random random) : ILog
    {
        public int Torn { get; private set; }

        public string Description => log.Description;

        public Task<TopicDescription> CreateTopicAsync(TopicSpec spec, CancellationToken cancellationToken) =>
            log.CreateTopicAsync(spec, cancellationToken);

        public Task<IReadOnlyList<string>> ListTopicsAsync(CancellationToken cancellationToken) => log.ListTopicsAsync(cancellationToken);

        public Task<TopicDescription?> DescribeTopicAsync(string topic, CancellationToken cancellationToken) =>
            log.DescribeTopicAsync(topic, cancellationToken);

        public Task DeleteTopicAsync(string topic, CancellationToken cancellationToken) => log.DeleteTopicAsync(topic, cancellationToken);

        public Task<LogOffset> FindOffsetAsync(TopicPartition partition, DateTimeOffset timestamp, CancellationToken cancellationToken) =>
            log.FindOffsetAsync(partition, timestamp, cancellationToken);

        public Task<IReadOnlyList<GroupListing>> ListGroupsAsync(CancellationToken cancellationToken) =>
            log.ListGroupsAsync(cancellationToken);

        public Task<GroupDescription?> DescribeGroupAsync(string group, CancellationToken cancellationToken) =>
            log.DescribeGroupAsync(group, cancellationToken);

        public Task SetGroupPositionsAsync(
            string group, IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken) =>
            log.SetGroupPositionsAsync(group, positions, cancellationToken);

        public ILogProducer CreateProducer(ProducerOptions options) => new Producer(this, log.CreateProducer(options));

        public ICheckpointedProducer CreateCheckpointedProducer(ProducerOwner owner) => log.CreateCheckpointedProducer(owner);

        public ILogConsumer CreateConsumer(ConsumerOptions options) => log.CreateConsumer(options);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private sealed class Producer(TearingLog owner, ILogProducer producer) : ILogProducer
        {
            public async ValueTask<IReadOnlyList<RecordPosition>> ProduceAsync(
                string topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken)
            {
                if (owner.Torn >= 3)
                    return await producer.ProduceAsync(topic, records, cancellationToken);

                // Each partition keeps an order of its own: what got through is a beginning of each, not of all.
                owner.Torn++;
                var partition = owner.Random(3);
                var kept = records.Where((record, i) => record.Key!.Value.Span[^1] % 3 == partition && i < owner.Random(records.Count))
                    .ToList();
                if (kept.Count > 0)
                {
                    await producer.ProduceAsync(
                        topic, records.Where(r => r.Key!.Value.Span[^1] % 3 == partition).Take(kept.Count).ToList(), cancellationToken);
                }

                throw new TidemillException(ErrorCode.Unavailable, "The append was cut.");
            }

            public ValueTask DisposeAsync() => producer.DisposeAsync();
        }

        private int Random(int limit) => random.Next(limit);
    }
}
