using System.Text;
using Tidemill.Connectors.Topics;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Verification;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

/// <summary>Streams from a topic into a topic, on the embedded log.</summary>
public sealed class TopicStreamTests : IAsyncLifetime
{
    private const string Target = "out";

    private static readonly StreamDefinition Mirror = Stream(ConflictRule.Append) with
    {
        Decode = null,
        Sinks = [new TopicSinkDefinition(Target, Target)],
    };

    private StreamBench Bench { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Bench = await OpenAsync();
        Bench.OpenSink = (stream, sink) => new TopicSink(Bench.Log, Bench.Log, "test", stream, (TopicSinkDefinition)sink);
    }

    public ValueTask DisposeAsync() => Bench.DisposeAsync();

    [Fact]
    public async Task A_mirror_passes_records_on_byte_for_byte()
    {
        await using var producer = Bench.Log.CreateProducer(new ProducerOptions());
        var noon = new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);
        await producer.ProduceAsync(
            Topic,
            [
                new() { Partition = 1, Key = Bytes(
                    "k"), Value = Bytes("no JSON \0"), Timestamp = noon, Headers = [new("h", Bytes("1")), new("n", null)] },
                new() { Partition = 1, Key = Bytes("k"), Timestamp = noon.AddSeconds(1) },
                new() { Partition = 0, Value = Bytes(""), Timestamp = noon },
            ],
            default);

        await Bench.CatchUpAsync(Mirror);

        Assert.Equal(2, (await Bench.Log.DescribeTopicAsync(Target, default))!.Partitions.Count);
        Assert.Equal([("", "", noon, "")], await ReadAsync(0));
        Assert.Equal([("k", "no JSON \0", noon, "h=1,n=null"), ("k", "null", noon.AddSeconds(1), "")], await ReadAsync(1));
        Assert.True((await VerifyAsync(Mirror)).Proven);
    }

    [Fact]
    public async Task Rows_become_objects_with_key_headers_and_timestamp()
    {
        await Bench.ProduceAsync(Json(1, "2.50", "a|b"), Json(2, "3.00", "x"), "{");
        var stream = Stream(ConflictRule.Append, "SELECT *, TIMESTAMP '2026-01-02 12:00:00' AS at FROM batch WHERE id < 9") with
        {
            Sinks =
            [
                new TopicSinkDefinition(Target, Target)
                {
                    Key = ["id", "kind"], Headers = new Dictionary<string, string> { ["amount"] = "amount" }, Timestamp = "at",
                    PartitionBy = TopicPartitioning.Source,
                },
            ],
        };

        await Bench.CatchUpAsync(stream);

        var (key, value, timestamp, headers) = Assert.Single(await ReadAsync(0));
        Assert.Equal("""{"id":1,"amount":2.50,"kind":"a|b","at":"2026-01-02T12:00:00Z"}""", value);
        Assert.Equal(("1|a\\|b", new DateTimeOffset(2026, 1, 2, 12, 0, 0, TimeSpan.Zero), "amount=2.50"), (key, timestamp, headers));
        Assert.Equal("2|x", Assert.Single(await ReadAsync(1)).Key);
        Assert.Single(await new DeadLetterStore(Bench.Warehouse).ListAsync("events", null, 10, 0, default));
        Assert.True((await VerifyAsync(stream)).Proven);
    }

    [Fact]
    public async Task An_extra_column_of_the_deepest_nesting_is_proven()
    {
        var deep = new string('[', 63) + new string(']', 63);
        await Bench.ProduceAsync(Json(1, "2.50", "x").Replace("}", $$""","deep":{{deep}}}""", StringComparison.Ordinal));
        var stream = Stream(ConflictRule.Append) with { Sinks = [new TopicSinkDefinition(Target, Target)] };
        stream = stream with { Decode = stream.Decode! with { ExtraColumn = "extra" } };

        await Bench.CatchUpAsync(stream);

        var report = await VerifyAsync(stream);
        Assert.Equal(1, report.RowsFound);
        Assert.True(report.Proven, string.Join("; ", report.Findings));
    }

    [Fact]
    public async Task A_column_can_be_the_value_and_a_null_one_is_a_tombstone()
    {
        await Bench.ProduceAsync(Json(1, kind: "text"), """{"id":2,"amount":1}""");
        var stream = Stream(
            ConflictRule.Append) with
        { Sinks = [new TopicSinkDefinition(Target, Target) { Key = ["id"], ValueColumn = "kind" }] };

        await Bench.CatchUpAsync(stream);

        var records = (await ReadAsync(0)).Concat(await ReadAsync(1)).OrderBy(r => r.Key).ToList();
        Assert.Equal([("1", "text"), ("2", "null")], records.Select(r => (r.Key, r.Value)));
        Assert.True((await VerifyAsync(stream)).Proven);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Lost_and_doubled_records_are_named(bool passesOn)
    {
        await Bench.ProduceAsync([.. Enumerable.Range(0, 3000).Select(i => Json(i))]);
        var stream = passesOn ? Mirror : Stream(ConflictRule.Append) with { Sinks = Mirror.Sinks };
        await Bench.CatchUpAsync(stream);
        Assert.True((await VerifyAsync(stream)).Proven);

        // A checkpoint beyond the records: two of partition 0 never came.
        await Bench.ProduceAsync(Json(3000), Json(3001), Json(3002));
        await using var producer = Bench.Log.CreateCheckpointedProducer(new ProducerOwner("test", "events", Target));
        await producer.ProduceAsync(Target, [], new OffsetRange(new(Topic, 0), new(1500), new(1502)), default);
        await using var plain = Bench.Log.CreateProducer(new ProducerOptions());
        await plain.ProduceAsync(Target, [new() { Value = Bytes(Json(7)) }, new() { Value = Bytes(Json(5000)) }], default);

        var report = await VerifyAsync(stream);
        Assert.Equal((2, 2, 1), (report.Lost, report.Doubled, report.Pending));
        Assert.Contains(report.Findings, f => f.Contains("events/0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_record_too_large_for_the_target_is_a_dead_letter_and_the_others_go_on()
    {
        await Bench.Log.CreateTopicAsync(new TopicSpec(Target) { Partitions = 2, MaxRecordBytes = 100 }, default);
        await Bench.ProduceAsync([.. Enumerable.Range(0, 40).Select(i => i == 13 ? new string('x', 200) : Json(i))]);

        await Bench.CatchUpAsync(Mirror);

        Assert.Equal(39, (await ReadAsync(0)).Count + (await ReadAsync(1)).Count);
        var letter = Assert.Single(await new DeadLetterStore(Bench.Warehouse).ListAsync("events", null, 10, 0, default));
        Assert.Equal((ErrorCode.RowRejected, 200), (letter.Code, letter.Value!.Length));
        Assert.True((await VerifyAsync(Mirror)).Proven);
    }

    [Fact]
    public async Task A_target_with_fewer_partitions_is_refused_unless_keys_choose()
    {
        await Bench.Log.CreateTopicAsync(new TopicSpec(Target), default);
        await Bench.ProduceAsync(Json(1), Json(2));

        var error = await Assert.ThrowsAsync<TidemillException>(() => Bench.CatchUpAsync(Mirror));
        await Bench.CatchUpAsync(Mirror with { Sinks = [new TopicSinkDefinition(Target, Target) { PartitionBy = TopicPartitioning.Key }] });

        Assert.Contains("partition_by: key", error.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await ReadAsync(0)).Count);
    }

    [Fact]
    public async Task A_table_beside_the_topic_holds_the_same()
    {
        await Bench.ProduceAsync([.. Enumerable.Range(0, 5000).Select(i => Json(i))]);
        var stream = Stream(ConflictRule.Append);
        stream = stream with { Sinks = [.. stream.Sinks, .. Mirror.Sinks] };

        await Bench.CatchUpAsync(stream);

        var reports = await new StreamVerifier(Bench.Services, [stream]).VerifyAsync(null, default);
        Assert.Equal(2, reports.Count);
        Assert.All(reports, r => Assert.True(r is { Proven: true, RowsFound: 5000 }, string.Join("; ", r.Findings)));
    }

    [Theory]
    [InlineData("key", "nosuch")]
    [InlineData("value", "amount")]
    [InlineData("timestamp", "kind")]
    public void Columns_that_cannot_serve_are_named_before_the_start(string use, string column)
    {
        var sink = new TopicSinkDefinition(Target, Target)
        {
            Key = use == "key" ? [column] : [],
            ValueColumn = use == "value" ? column : null,
            Timestamp = use == "timestamp" ? column : null,
        };

        var error = Assert.Single(StreamValidator.Validate(Stream(ConflictRule.Append) with { Sinks = [sink] }));

        Assert.Equal($"sinks.{Target}.{use}", error.Path);
        Assert.Contains(column, error.Problem, StringComparison.Ordinal);
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private async Task<VerifyReport> VerifyAsync(StreamDefinition stream) =>
        Assert.Single(await new StreamVerifier(Bench.Services, [stream]).VerifyAsync(stream.Name, default));

    private async Task<List<(string Key, string Value, DateTimeOffset Timestamp, string Headers)>> ReadAsync(int partition)
    {
        var target = new TopicPartition(Target, partition);
        await using var consumer = Bench.Log.CreateConsumer(
            new ConsumerOptions { Assignment = [new RecordPosition(target, LogOffset.Zero)] });
        var records = new List<(string, string, DateTimeOffset, string)>();
        while (await consumer.PollAsync(TimeSpan.Zero, default) is { } run)
        {
            using (run)
            {
                for (var i = 0; i < run.Records.Length; i++)
                {
                    ref readonly var record = ref run.Records[i];
                    var headers = run.Headers(i)
                        .Select(h => $"{h.Name}={(h.Value is { } value ? Encoding.UTF8.GetString(value.Span) : "null")}");
                    records.Add((
                        Encoding.UTF8.GetString(record.Key), record.IsTombstone ? "null" : Encoding.UTF8.GetString(record.Value),
                        DateTimeOffset.FromUnixTimeMilliseconds(record.TimestampMs), string.Join(',', headers)));
                }
            }
        }

        return records;
    }
}
