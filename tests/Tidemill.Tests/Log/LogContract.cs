using System.Text;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Tests.Log;

/// <summary>What every log promises. Each log's own test class derives from it; topic names are unique, so a server can be
/// shared.</summary>
public abstract partial class LogContractTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 12, 0, 0, TimeSpan.Zero);

    private ILog? _opened;

    private ILog Log => _opened ?? throw new InvalidOperationException("The log is opened before each test.");

    protected abstract Task<ILog> OpenAsync();

    protected virtual bool KeepsNullHeaders => true;

    public async ValueTask InitializeAsync() => _opened = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        if (_opened is not null) await _opened.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Records_come_back_as_they_were_appended()
    {
        string topic = await TopicAsync(1);
        ProducerRecord[] records =
        [
            new() { Key = Bytes("k"), Value = Bytes("v"), Timestamp = Noon },
            new() { Value = Bytes("no key"), Timestamp = Noon.AddMilliseconds(-1500) },
            new() { Key = Bytes("tombstone"), Timestamp = Noon.AddDays(-400) },
            new() { Key = Bytes(""), Value = Bytes(""), Timestamp = Noon },
            new()
            {
                Value = Bytes("headers"), Timestamp = Noon,
                Headers = [new("a", Bytes("1")), new("ü", null), new("a", Bytes(""))],
            },
        ];

        var positions = await ProduceAsync(topic, records);

        Assert.Equal(Enumerable.Range(0, 5).Select(i => At(topic, 0, i)), positions);
        await using var consumer = Reader(At(topic, 0, 0));
        var read = await ReadAsync(consumer, 5);
        for (int i = 0; i < records.Length; i++)
        {
            Assert.Equal(i, read[i].Offset);
            Assert.Equal(records[i].Key?.ToArray(), read[i].Key);
            Assert.Equal(records[i].Value?.ToArray(), read[i].Value);
            Assert.Equal(records[i].Timestamp, read[i].Timestamp);
            Assert.Equal(
                (records[i].Headers ?? []).Select(
                    h => (h.Name, h.Value is { } v ? Convert.ToHexString(v.Span) : KeepsNullHeaders ? null : "")),
                read[i].Headers.Select(h => (h.Name, h.Value is { } v ? Convert.ToHexString(v.Span) : null)));
        }
    }

    [Fact]
    public async Task Keys_choose_partitions_as_Kafka_does_and_positions_come_in_the_given_order()
    {
        string topic = await TopicAsync(4);
        string[] keys =
            ["21", "foobar", "a-little-bit-long-string", "a-little-bit-longer-string", "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", "abc", "21"];
        int[] hashes = [-973932308, -790332482, -985981536, -1486304829, -58897971, 479470107, -973932308];

        var positions = await ProduceAsync(topic, [.. keys.Select(k => new ProducerRecord { Key = Bytes(k), Value = Bytes(k) })]);

        Assert.Equal(hashes.Select(h => (h & int.MaxValue) % 4), positions.Select(p => p.Partition.Partition));
        await using var consumer = Reader([.. Enumerable.Range(0, 4).Select(p => At(topic, p, 0))]);
        var read = await ReadAsync(consumer, keys.Length);
        foreach (var (key, position) in keys.Zip(positions))
        {
            var found = Assert.Single(read, r => r.Partition == position.Partition && r.Offset == position.Offset.Value);
            Assert.Equal(key, Encoding.UTF8.GetString(found.Key!));
        }
    }

    [Fact]
    public async Task A_record_goes_to_the_partition_it_asks_for()
    {
        string topic = await TopicAsync(3);

        var positions = await ProduceAsync(topic, [new() { Key = Bytes("21"), Value = Bytes("v"), Partition = 2 }]);

        Assert.Equal(At(topic, 2, 0), Assert.Single(positions));
    }

    [Fact]
    public async Task Creating_a_topic_twice_returns_it_and_another_partition_count_is_a_conflict()
    {
        string topic = await TopicAsync(2);

        var again = await Log.CreateTopicAsync(new TopicSpec(topic) { Partitions = 2 }, Cancel);

        Assert.Equal(2, again.Partitions.Count);
        Assert.Contains(topic, await Log.ListTopicsAsync(Cancel));
        await FailsAsync(ErrorCode.SchemaConflict, () => Log.CreateTopicAsync(new TopicSpec(topic) { Partitions = 3 }, Cancel));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("ä")]
    public async Task Topic_names_that_Kafka_refuses_are_refused(string name) =>
        await FailsAsync(ErrorCode.InvalidRequest, () => Log.CreateTopicAsync(new TopicSpec(name), Cancel));

    [Fact]
    public async Task What_does_not_exist_is_not_found()
    {
        string none = "none-" + Guid.NewGuid();

        Assert.Null(await Log.DescribeTopicAsync(none, Cancel));
        await FailsAsync(ErrorCode.NotFound, () => Log.DeleteTopicAsync(none, Cancel));
        await FailsAsync(ErrorCode.NotFound, () => ProduceAsync(none, [new() { Value = Bytes("v") }]));
        await FailsAsync(ErrorCode.NotFound, () => Log.FindOffsetAsync(new TopicPartition(none, 0), Noon, Cancel));
    }

    [Fact]
    public async Task A_description_counts_what_was_appended()
    {
        string topic = await TopicAsync(2);
        await ProduceAsync(topic, [.. Enumerable.Range(0, 7).Select(i => new ProducerRecord { Value = Bytes("v"), Partition = i % 2 })]);

        var described = await Log.DescribeTopicAsync(topic, Cancel);

        Assert.Equal(7, described!.Records);
        Assert.Equal([4, 3], described.Partitions.Select(p => p.Next.Value));
        Assert.All(described.Partitions, p => Assert.Equal(0, p.Earliest.Value));
    }

    [Fact]
    public async Task Many_topics_are_described_as_each_is_alone_in_the_order_asked_for()
    {
        string[] topics = [await TopicAsync(2), "none-" + Guid.NewGuid(), await TopicAsync(1)];
        await ProduceAsync(
            topics[0], [.. Enumerable.Range(0, 5).Select(i => new ProducerRecord { Value = Bytes("v"), Partition = i % 2 })]);

        var described = await Log.DescribeTopicsAsync(topics, Cancel);

        Assert.Equal([topics[0], topics[2]], described.Select(t => t.Name));
        foreach (var topic in described)
        {
            var alone = (await Log.DescribeTopicAsync(topic.Name, Cancel))!;
            Assert.Equal(
                alone.Partitions.Select(p => (p.Partition, p.Earliest, p.Next)),
                topic.Partitions.Select(p => (p.Partition, p.Earliest, p.Next)));
            Assert.Equal(alone.Settings.RetentionTime, topic.Settings.RetentionTime);
            Assert.Equal(alone.Settings.MaxRecordBytes, topic.Settings.MaxRecordBytes);
        }

        Assert.Empty(await Log.DescribeTopicsAsync([], Cancel));
    }

    [Fact]
    public async Task A_record_too_large_refuses_the_whole_call()
    {
        string topic = Name();
        await Log.CreateTopicAsync(new TopicSpec(topic) { MaxRecordBytes = 1000 }, Cancel);

        await FailsAsync(ErrorCode.RecordTooLarge, () => ProduceAsync(
            topic, [new() { Value = Bytes("small") }, new() { Value = new byte[2000] }]));

        Assert.Equal(0, (await Log.DescribeTopicAsync(topic, Cancel))!.Records);
    }

    [Fact]
    public async Task A_poll_without_records_returns_null_in_time_and_wakes_up_for_one()
    {
        string topic = await TopicAsync(1);
        await using var consumer = Reader(At(topic, 0, 0));

        Assert.Null(await consumer.PollAsync(TimeSpan.FromMilliseconds(20), Cancel));
        var waiting = consumer.PollAsync(Patience, Cancel).AsTask();
        await ProduceAsync(topic, [new() { Value = Bytes("late") }]);
        using var fetched = await waiting;

        Assert.Equal("late", Encoding.UTF8.GetString(fetched!.Records[0].Value));
        Assert.Equal(1, fetched.Next.Value);
    }

    [Fact]
    public async Task Polls_keep_to_their_bounds_and_lose_nothing_between_them()
    {
        string topic = await TopicAsync(1);
        await ProduceAsync(topic, [.. Enumerable.Range(0, 100).Select(i => new ProducerRecord { Value = Bytes($"{i:D10}") })]);
        await using var consumer = Log.CreateConsumer(
            new ConsumerOptions { Assignment = [At(topic, 0, 0)], MaxPollRecords = 7, MaxPollBytes = 45 });

        List<long> offsets = [];
        while (offsets.Count < 100)
        {
            using var run = await consumer.PollAsync(Patience, Cancel);
            Assert.InRange(run!.Records.Length, 1, 4);
            foreach (var record in run.Records) offsets.Add(record.Offset);
        }

        Assert.Equal(Enumerable.Range(0, 100).Select(i => (long)i), offsets);
    }

    [Fact]
    public async Task A_record_larger_than_a_poll_comes_alone()
    {
        string topic = await TopicAsync(1);
        await ProduceAsync(topic, [new() { Value = new byte[600_000] }, new() { Value = Bytes("after") }]);
        await using var consumer = Log.CreateConsumer(new ConsumerOptions { Assignment = [At(topic, 0, 0)], MaxPollBytes = 1000 });

        using var large = await consumer.PollAsync(Patience, Cancel);
        using var after = await consumer.PollAsync(Patience, Cancel);

        Assert.Equal(600_000, large!.Bytes);
        Assert.Equal(1, large.Records.Length);
        Assert.Equal(1, after!.Records[0].Offset);
    }

    [Fact]
    public async Task Seek_and_pause_choose_what_is_read()
    {
        string topic = await TopicAsync(2);
        await ProduceAsync(
            topic, [.. Enumerable.Range(0, 20).Select(i => new ProducerRecord { Value = Bytes($"{i}"), Partition = i % 2 })]);
        await using var consumer = Reader(At(topic, 0, 0), At(topic, 1, 0));

        consumer.Pause([new TopicPartition(topic, 0)]);
        Assert.All(await ReadAsync(consumer, 10), r => Assert.Equal(1, r.Partition.Partition));
        consumer.Seek(At(topic, 1, 8));
        Assert.Equal([8, 9], (await ReadAsync(consumer, 2)).Select(r => r.Offset));
        consumer.Resume([new TopicPartition(topic, 0)]);
        Assert.All(await ReadAsync(consumer, 10), r => Assert.Equal(0, r.Partition.Partition));
    }

    [Fact]
    public async Task Reading_outside_what_the_log_holds_is_out_of_range()
    {
        string topic = await TopicAsync(1);
        await ProduceAsync(topic, [new() { Value = Bytes("only") }]);
        await using var consumer = Reader(At(topic, 0, 5));

        await FailsAsync(ErrorCode.OffsetOutOfRange, () => consumer.PollAsync(Patience, Cancel).AsTask());
    }

    [Fact]
    public async Task Offsets_are_found_by_time()
    {
        string topic = await TopicAsync(1);
        int[] minutes = [0, 5, 3, 10, 10, 20];
        foreach (int minute in minutes) await ProduceAsync(topic, [new() { Value = Bytes("v"), Timestamp = Noon.AddMinutes(minute) }]);

        async Task<long> Find(double minute) =>
            (await Log.FindOffsetAsync(new TopicPartition(topic, 0), Noon.AddMinutes(minute), Cancel)).Value;

        Assert.Equal(0, await Find(-60));
        Assert.Equal(0, await Find(0));
        Assert.Equal(1, await Find(2));
        Assert.Equal(3, await Find(6));
        Assert.Equal(5, await Find(10.5));
        Assert.Equal(6, await Find(21));
    }

    [Fact]
    public async Task A_deleted_topic_is_not_found_by_its_readers()
    {
        string topic = await TopicAsync(1);
        await ProduceAsync(topic, [new() { Value = Bytes("v") }]);
        await using var consumer = Reader(At(topic, 0, 0));
        await ReadAsync(consumer, 1);

        await Log.DeleteTopicAsync(topic, Cancel);

        await FailsAsync(ErrorCode.NotFound, () => UntilErrorAsync(consumer));
        Assert.Null(await Log.DescribeTopicAsync(topic, Cancel));
    }

    [Theory]
    [InlineData(Acknowledgement.Durable)]
    [InlineData(Acknowledgement.Written)]
    public async Task Many_producers_append_at_once_and_each_keeps_its_order(Acknowledgement acknowledgement)
    {
        string topic = await TopicAsync(2);
        await using var producer = Log.CreateProducer(new ProducerOptions { Acknowledgement = acknowledgement });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < 50; i += 2)
            {
                await producer.ProduceAsync(
                    topic, [Numbered(writer, i), Numbered(writer, i + 1)], Cancel);
            }
        })));

        await using var consumer = Reader(At(topic, 0, 0), At(topic, 1, 0));
        var read = await ReadAsync(consumer, 400);

        foreach (var one in read.GroupBy(r => Encoding.UTF8.GetString(r.Key!)))
            Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), one.Select(r => Encoding.UTF8.GetString(r.Value!)));

        static ProducerRecord Numbered(int writer, int i) =>
            new() { Key = Bytes($"writer{writer}"), Value = Bytes($"{i}"), Partition = writer % 2 };
    }

    [Fact]
    public async Task A_description_names_the_settings()
    {
        string topic = Name();
        await Log.CreateTopicAsync(
            new TopicSpec(topic) { RetentionTime = TimeSpan.FromHours(3), RetentionBytes = 5_000_000, MaxRecordBytes = 70_000 }, Cancel);

        var settings = (await Log.DescribeTopicAsync(topic, Cancel))!.Settings;

        Assert.Equal(TimeSpan.FromHours(3), settings.RetentionTime);
        Assert.Equal(5_000_000, settings.RetentionBytes);
        Assert.Equal(70_000, settings.MaxRecordBytes);
        Assert.Equal(1, settings.ReplicationFactor);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Comparer<TopicPartition> ByPartition { get; } = Comparer<TopicPartition>.Create(
        (a, b) => a.Partition.CompareTo(b.Partition));

    private static string Name() => "contract-" + Guid.NewGuid().ToString("N");

    private static RecordPosition At(string topic, int partition, long offset) =>
        new(new TopicPartition(topic, partition), new LogOffset(offset));

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private async Task<string> TopicAsync(int partitions)
    {
        string name = Name();
        await Log.CreateTopicAsync(new TopicSpec(name) { Partitions = partitions }, Cancel);
        return name;
    }

    private async Task<IReadOnlyList<RecordPosition>> ProduceAsync(string topic, IReadOnlyList<ProducerRecord> records)
    {
        await using var producer = Log.CreateProducer(new ProducerOptions());
        return await producer.ProduceAsync(topic, records, Cancel);
    }

    private ILogConsumer Reader(params RecordPosition[] positions) => Log.CreateConsumer(new ConsumerOptions { Assignment = positions });

    private static async Task<List<ReadRecord>> ReadAsync(ILogConsumer consumer, int count)
    {
        List<ReadRecord> read = [];
        using var patience = new CancellationTokenSource(Patience);
        while (read.Count < count)
        {
            using var run = await consumer.PollAsync(Patience, patience.Token);
            for (int i = 0; i < run?.Records.Length; i++) read.Add(ReadRecord.Copy(run, i));
        }

        Assert.Equal(count, read.Count);
        return read;
    }

    private static async Task UntilErrorAsync(ILogConsumer consumer)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var ignored = await consumer.PollAsync(TimeSpan.FromMilliseconds(50), patience.Token);
        }
    }

    private static async Task FailsAsync(ErrorCode code, Func<Task> action) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<TidemillException>(action)).Code);
}
