using System.Diagnostics;
using System.Text;
using Confluent.Kafka;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Log;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;
using TopicPartition = Tidemill.Core.Logs.TopicPartition;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>What only Kafka does: transactions, retention by command, brokers' refusals, large records.</summary>
public sealed class KafkaLogTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _topic = $"kafka-{Guid.NewGuid():N}";
    private KafkaServer _server = null!;
    private KafkaLog _log = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await KafkaServer.SharedAsync();
        _log = await _server.OpenAsync();
    }

    public ValueTask DisposeAsync() => _log.DisposeAsync();

    [Fact]
    public async Task A_member_that_the_group_keeps_waiting_closes_soon()
    {
        await _log.CreateTopicAsync(new TopicSpec(_topic) { Partitions = 2 }, default);
        var options = new ConsumerOptions { Group = _topic, Topics = [_topic], Listener = new RecordingListener() };
        await using var silent = _log.CreateConsumer(options);
        var started = Stopwatch.GetTimestamp();
        while (silent.Assignment.Count == 0 && Stopwatch.GetElapsedTime(started) < Patience)
        {
            using var none = await silent.PollAsync(TimeSpan.FromMilliseconds(100), default);
        }

        // The first member does not poll any more: the group waits for it, and so does the second one.
        var joining = _log.CreateConsumer(options with { Listener = new RecordingListener() });
        using (await joining.PollAsync(TimeSpan.FromSeconds(1), default))
            Assert.Empty(joining.Assignment);

        started = Stopwatch.GetTimestamp();
        await joining.DisposeAsync();

        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(4.5));
    }

    [Fact]
    public async Task A_producer_closed_beside_appends_ends_each_of_them()
    {
        await _log.CreateTopicAsync(new TopicSpec(_topic) { Partitions = 2 }, default);
        for (var round = 0; round < 10; round++)
        {
            var producer = _log.CreateProducer(new ProducerOptions());
            var appends = Enumerable.Range(0, 16).Select(_ => Task.Run(AppendAsync)).ToList();
            await producer.ProduceAsync(_topic, [new ProducerRecord { Value = "first"u8.ToArray() }], default);
            await producer.DisposeAsync();

            Assert.Contains(true, await Task.WhenAll(appends).WaitAsync(Patience, TestContext.Current.CancellationToken));

            // Whether the producer was closed before the last of the appends began.
            async Task<bool> AppendAsync()
            {
                var records = Enumerable.Range(0, 200)
                    .Select(i => new ProducerRecord { Value = Encoding.UTF8.GetBytes($"record {i}") })
                    .ToArray();
                try
                {
                    for (var i = 0; i < 500; i++) await producer.ProduceAsync(_topic, records, default);
                    return false;
                }
                catch (TidemillException error) when (error.Code == ErrorCode.InvalidRequest)
                {
                    return true;
                }
            }
        }
    }

    /// <summary>A broker shows a new topic before it leads its partitions itself, and calls itself no leader of them until then.</summary>
    [Fact]
    public async Task A_topic_is_described_as_soon_as_it_is_shown()
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = _server.BootstrapServers }).Build();
        for (var round = 0; round < 3; round++)
        {
            string topic = $"{_topic}-{round}";
            var creating = admin.CreateTopicsAsync([new() { Name = topic, NumPartitions = 40, ReplicationFactor = 1 }]);
            TopicDescription? found;
            while ((found = await _log.DescribeTopicAsync(topic, default)) is null) await Task.Delay(1);
            await creating;
            Assert.Equal(40, found.Partitions.Count);
            await admin.DeleteTopicsAsync([topic]);
        }
    }

    [Fact]
    public async Task Aborted_records_are_not_seen_and_reading_moves_over_markers_to_the_end()
    {
        await _log.CreateTopicAsync(new TopicSpec(_topic), default);
        using var producer = new ProducerBuilder<Null, string>(
            new ProducerConfig { BootstrapServers = _server.BootstrapServers, TransactionalId = _topic }).Build();
        producer.InitTransactions(Patience);
        foreach (var (value, commit) in new[] { ("a", true), ("b", false), ("c", true), ("d", false) })
        {
            producer.BeginTransaction();
            producer.Produce(_topic, new Message<Null, string> { Value = value });
            producer.Flush(Patience);
            if (commit)
                producer.CommitTransaction(Patience);
            else
                producer.AbortTransaction(Patience);
        }

        var end = (await _log.DescribeTopicAsync(_topic, default))!.Partitions[0].Next;
        await using var consumer = _log.CreateConsumer(new ConsumerOptions { Assignment = [At(0)] });
        var values = new List<string>();
        var next = LogOffset.Zero;
        using var patience = new CancellationTokenSource(Patience);
        while (next < end)
        {
            using var run = await consumer.PollAsync(Patience, patience.Token);
            foreach (var record in run!.Records)
                values.Add(Encoding.UTF8.GetString(record.Value));

            next = run.Next;
        }

        Assert.Equal(["a", "c"], values);
        Assert.Equal((8L, 8L), (end.Value, next.Value));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("gzip")]
    [InlineData("snappy")]
    [InlineData("lz4")]
    [InlineData("zstd")]
    public async Task Every_compression_is_written_and_read(string compression)
    {
        await using var log = await _server.OpenAsync(
            _server.Connection() with { Options = new Dictionary<string, string> { ["compression.type"] = compression } });
        await log.CreateTopicAsync(new TopicSpec(_topic), default);
        await using var producer = log.CreateProducer(new ProducerOptions());
        var value = new byte[10_000];
        await producer.ProduceAsync(_topic, [.. Enumerable.Repeat(new ProducerRecord { Value = value }, 50)], default);

        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [At(0)] });
        var read = 0;
        while (read < 50)
        {
            using var run = await consumer.PollAsync(Patience, default);
            read += run!.Records.Length;
        }

        Assert.Equal(50, read);
    }

    [Fact]
    public async Task A_record_of_many_megabytes_goes_through_a_topic_that_takes_it()
    {
        await _log.CreateTopicAsync(new TopicSpec(_topic) { MaxRecordBytes = 20 << 20 }, default);
        var value = new byte[20 << 20];
        new Random(7).NextBytes(value);
        await using var producer = _log.CreateProducer(new ProducerOptions());

        await producer.ProduceAsync(
            _topic, [new ProducerRecord { Value = value }, new ProducerRecord { Value = "after"u8.ToArray() }], default);

        await using var consumer = _log.CreateConsumer(new ConsumerOptions { Assignment = [At(0)] });
        using var large = await consumer.PollAsync(Patience, default);
        Assert.True(large!.Records[0].Value.SequenceEqual(value));
        using var after = await consumer.PollAsync(Patience, default);
        Assert.Equal("after", Encoding.UTF8.GetString(after!.Records[0].Value));
    }

    [Fact]
    public async Task Records_outlive_their_consumer_until_they_are_disposed()
    {
        await _log.CreateTopicAsync(new TopicSpec(_topic), default);
        await using var producer = _log.CreateProducer(new ProducerOptions());
        await producer.ProduceAsync(_topic, [new ProducerRecord { Value = "kept"u8.ToArray() }], default);
        var consumer = _log.CreateConsumer(new ConsumerOptions { Assignment = [At(0)] });
        using var run = await consumer.PollAsync(Patience, default);

        await consumer.DisposeAsync();

        Assert.Equal("kept", Encoding.UTF8.GetString(run!.Records[0].Value));
    }

    [Fact]
    public async Task What_the_broker_refuses_is_an_invalid_request_in_its_words()
    {
        var error = await FailsAsync(
            ErrorCode.InvalidRequest, () => _log.CreateTopicAsync(new TopicSpec(_topic) { ReplicationFactor = 50 }, default));
        Assert.Contains("eplication", error.Message, StringComparison.Ordinal);

        await _log.CreateTopicAsync(new TopicSpec(_topic), default);
        await using var producer = _log.CreateProducer(new ProducerOptions());
        var future = new ProducerRecord { Value = "v"u8.ToArray(), Timestamp = DateTimeOffset.UnixEpoch.AddYears(1000) };
        await FailsAsync(ErrorCode.InvalidRequest, () => producer.ProduceAsync(_topic, [future], default).AsTask());
    }

    [Fact]
    public async Task A_member_of_a_topic_that_does_not_exist_is_told()
    {
        await using var consumer = _log.CreateConsumer(
            new ConsumerOptions { Group = _topic, Topics = [_topic], Listener = new Tidemill.Tests.Log.RecordingListener() });
        using var patience = new CancellationTokenSource(Patience);

        await FailsAsync(ErrorCode.NotFound, async () =>
        {
            while (true)
            {
                using var ignored = await consumer.PollAsync(TimeSpan.FromMilliseconds(100), patience.Token);
            }
        });
    }

    [Fact]
    public async Task An_offset_that_retention_took_names_what_is_held()
    {
        await _log.CreateTopicAsync(new TopicSpec(_topic), default);
        await using var producer = _log.CreateProducer(new ProducerOptions());
        await producer.ProduceAsync(_topic, [.. Enumerable.Repeat(new ProducerRecord { Value = "v"u8.ToArray() }, 10)], default);
        await _server.DeleteRecordsAsync(_topic, 6);
        await using var consumer = _log.CreateConsumer(new ConsumerOptions { Assignment = [At(2)] });

        var error = await FailsAsync(ErrorCode.OffsetOutOfRange, () => consumer.PollAsync(Patience, default).AsTask());

        Assert.Contains("offset 2 was to be read, but the log holds 6 to 10", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Topic_settings_of_the_brokers_own_are_passed_on_and_shown()
    {
        var spec = new TopicSpec(_topic) { Partitions = 2, Options = new Dictionary<string, string> { ["cleanup.policy"] = "compact" } };

        var created = await _log.CreateTopicAsync(spec, default);

        Assert.Equal("compact", created.Settings.Options["cleanup.policy"]);
        Assert.All(created.Partitions, p => Assert.Equal(p.Replicas!.Brokers, p.Replicas.InSync));
        Assert.All(created.Partitions, p => Assert.Contains(p.Replicas!.Leader!.Value, p.Replicas.Brokers));
    }

    private RecordPosition At(long offset) => new(new TopicPartition(_topic, 0), new LogOffset(offset));

    private static async Task<TidemillException> FailsAsync(ErrorCode code, Func<Task> action)
    {
        var error = await Assert.ThrowsAsync<TidemillException>(action);
        Assert.Equal(code, error.Code);
        return error;
    }
}
