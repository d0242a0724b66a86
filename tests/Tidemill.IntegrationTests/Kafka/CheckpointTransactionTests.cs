using System.Text;
using Confluent.Kafka;
using Tidemill.Connectors.Kafka;
using Tidemill.Connectors.Kafka.Transactions;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.IntegrationTests.Servers;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;
using TopicPartition = Tidemill.Core.Logs.TopicPartition;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>Sessions that end, or stop for a while, inside a transaction on a real broker.</summary>
public sealed class CheckpointTransactionTests : IAsyncLifetime
{
    private static readonly TopicPartition Source = new("elsewhere", 2);

    private readonly ProducerOwner _owner = new("transactions", Guid.NewGuid().ToString("N"), "out");
    private readonly string _topic = $"out-{Guid.NewGuid():N}";

    private KafkaLog Log { get; set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Log = await (await KafkaServer.SharedAsync()).OpenAsync();
        await Log.CreateTopicAsync(new TopicSpec(_topic), default);
    }

    public ValueTask DisposeAsync() => Log.DisposeAsync();

    [Fact]
    public async Task What_a_dead_session_left_open_is_never_seen_and_is_written_again()
    {
        await using (var first = Log.CreateCheckpointedProducer(_owner))
            await first.ProduceAsync(_topic, [Record("a")], Range(0, 1), default);

        // Killed between produce and commit: record and position are on the broker, the transaction is open.
        using var dead = await OpenTransactionAsync("b", 2);
        await using var next = Log.CreateCheckpointedProducer(_owner);
        Assert.Equal(new LogOffset(1), (await next.ReadPositionsAsync(default))[Source]);
        await next.ProduceAsync(_topic, [Record("b"), Record("c")], Range(1, 3), default);

        Assert.Equal(new LogOffset(3), (await next.ReadPositionsAsync(default))[Source]);
        Assert.Equal(["a", "b", "c"], await ValuesAsync(3));
    }

    [Fact]
    public async Task A_session_that_sleeps_in_its_transaction_cannot_commit_once_another_has_the_partition()
    {
        using var zombie = await OpenTransactionAsync("late", 1);
        await using var young = Log.CreateCheckpointedProducer(_owner);
        await young.ProduceAsync(_topic, [Record("young")], Range(0, 1), default);

        var error = Assert.Throws<KafkaException>(() => zombie.CommitTransaction(TimeSpan.FromSeconds(20)));
        await young.ProduceAsync(_topic, [Record("last")], Range(1, 2), default);

        Assert.True(error.Error.IsFatal);
        Assert.Equal(["young", "last"], await ValuesAsync(2));
    }

    [Fact]
    public async Task An_open_transaction_of_another_partition_does_not_hide_what_was_committed_behind_it()
    {
        await using var producer = Log.CreateCheckpointedProducer(_owner);
        var sources = Enumerable.Range(0, 12).Select(i => new TopicPartition("elsewhere", 100 + i)).ToList();
        foreach (var source in sources) await producer.ProduceAsync(_topic, [Record("first")], Part(source, 0), default);
        using var sleeping = await OpenTransactionAsync("x", 1);
        foreach (var source in sources) await producer.ProduceAsync(_topic, [Record("second")], Part(source, 1), default);

        // Some of these stand behind the open transaction in the checkpoints' topic: whoever takes over waits for its end.
        var taking = Task.WhenAll(sources.Select(source => Assert.ThrowsAsync<TidemillException>(async () =>
        {
            await using var session = Log.CreateCheckpointedProducer(_owner);
            await session.ProduceAsync(_topic, [Record("again")], Part(source, 1), default);
        })));
        await Task.WhenAny(taking, Task.Delay(TimeSpan.FromSeconds(2)));
        sleeping.AbortTransaction(TimeSpan.FromSeconds(20));

        Assert.All(await taking, error => Assert.Equal(ErrorCode.CheckpointFenced, error.Code));
        Assert.Equal(24, (await ValuesAsync(24)).Count);

        static OffsetRange Part(TopicPartition source, long start) => new(source, new LogOffset(start), new LogOffset(start + 1));
    }

    [Fact]
    public async Task Calls_given_up_at_any_moment_have_happened_whole_or_not_at_all()
    {
        var random = new Random(5);
        var producer = Log.CreateCheckpointedProducer(_owner);
        // A new session takes a while of its own to begin: whoever gets nowhere is given longer.
        for (int next = 0, longest = 30; next < 30;)
        {
            using var given = new CancellationTokenSource(TimeSpan.FromMilliseconds(random.Next(0, longest)));
            try
            {
                await producer.ProduceAsync(_topic, [Record($"{next}")], Range(next, next + 1), next % 3 == 2 ? default : given.Token);
                (next, longest) = (next + 1, 30);
            }
            catch (Exception error) when (error is OperationCanceledException or TidemillException)
            {
                await producer.DisposeAsync();
                producer = Log.CreateCheckpointedProducer(_owner);
                int reached = (int)(await producer.ReadPositionsAsync(default)).GetValueOrDefault(Source).Value;
                (next, longest) = (reached, reached > next ? 30 : longest + 10);
            }
        }

        await producer.DisposeAsync();
        Assert.Equal(Enumerable.Range(0, 30).Select(i => $"{i}"), await ValuesAsync(30));
    }

    private async Task<IProducer<byte[]?, byte[]?>> OpenTransactionAsync(string value, long end)
    {
        await using var ensured = new CheckpointTopic(Log, TimeProvider.System);
        int checkpoints = await ensured.EnsureAsync(default);
        var session = Log.BuildTransactional($"tidemill.{_owner.Project}.{_owner.Stream}.{_owner.Sink}.{Source.Topic}.{Source.Partition}");
        session.InitTransactions(TimeSpan.FromSeconds(20));
        session.BeginTransaction();
        session.Produce(_topic, new Message<byte[]?, byte[]?> { Value = Encoding.UTF8.GetBytes(value) });
        var moved = CheckpointTopic.Record(_owner, Source, new LogOffset(end), checkpoints);
        session.Produce(
            new Confluent.Kafka.TopicPartition(CheckpointTopic.Name, moved.Partition!.Value),
            new Message<byte[]?, byte[]?> { Key = moved.Key!.Value.ToArray(), Value = moved.Value!.Value.ToArray() });
        session.Flush(TimeSpan.FromSeconds(20));
        return session;
    }

    private static ProducerRecord Record(string value) => new() { Value = Encoding.UTF8.GetBytes(value) };

    private static OffsetRange Range(long start, long end) => new(Source, new LogOffset(start), new LogOffset(end));

    private async Task<List<string>> ValuesAsync(int count)
    {
        await using var consumer = Log.CreateConsumer(
            new ConsumerOptions { Assignment = [new RecordPosition(new TopicPartition(_topic, 0), LogOffset.Zero)] });
        var next = (await Log.DescribeTopicAsync(_topic, default))!.Partitions[0].Next;
        var values = new List<string>();
        var read = LogOffset.Zero;
        while (read < next || values.Count < count)
        {
            using var run = await consumer.PollAsync(TimeSpan.FromSeconds(20), default);
            Assert.NotNull(run);
            read = run.Next;
            foreach (var record in run.Records)
                values.Add(Encoding.UTF8.GetString(record.Value));
        }

        return values;
    }
}
