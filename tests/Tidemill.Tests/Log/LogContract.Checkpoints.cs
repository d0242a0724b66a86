using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Tests.Log;

/// <summary>Records and another topic's position, appended as one.</summary>
public abstract partial class LogContractTests
{
    private static readonly TopicPartition Source = new("source", 3);

    private readonly ProducerOwner _owner = new("contract", Guid.NewGuid().ToString("N"), "sink");

    [Fact]
    public async Task Records_and_position_are_there_together()
    {
        string topic = await TopicAsync(2);
        await using var producer = Log.CreateCheckpointedProducer(_owner);
        Assert.Empty(await producer.ReadPositionsAsync(default));

        await producer.ProduceAsync(
            topic,
            [
                new() { Partition = 0, Key = Bytes("k"), Value = Bytes("a"), Timestamp = Noon, Headers = [new("h", Bytes("1"))] },
                new() { Partition = 1, Value = Bytes("b") },
                new() { Partition = 0, Key = Bytes("k") },
            ],
            Range(5, 8), default);

        Assert.Equal(new LogOffset(8), (await producer.ReadPositionsAsync(default))[Source]);
        await using var consumer = Reader(At(topic, 0, 0), At(topic, 1, 0));
        var read = await ReadAsync(consumer, 3);
        var first = Assert.Single(read, r => r.Partition.Partition == 0 && r.Value is not null);
        Assert.Equal((Noon, "k", "a"), (first.Timestamp, Text(first.Key), Text(first.Value)));
        Assert.Equal([("h", "1")], first.Headers.Select(h => (h.Name, Text(h.Value?.ToArray()))));
        Assert.Single(read, r => r.Partition.Partition == 0 && r.Value is null);
        Assert.Equal("b", Text(Assert.Single(read, r => r.Partition.Partition == 1).Value));
    }

    [Fact]
    public async Task A_position_that_is_not_the_start_of_the_range_refuses_all()
    {
        string topic = await TopicAsync(1);
        await using var producer = Log.CreateCheckpointedProducer(_owner);
        await producer.ProduceAsync(topic, [new() { Value = Bytes("first") }], Range(0, 2), default);

        var error = await Assert.ThrowsAsync<TidemillException>(
            () => producer.ProduceAsync(topic, [new() { Value = Bytes("again") }], Range(0, 2), default));
        await producer.ProduceAsync(topic, [new() { Value = Bytes("second") }], Range(2, 3), default);

        Assert.Equal(ErrorCode.CheckpointFenced, error.Code);
        Assert.Equal(["first", "second"], await ValuesAsync(topic, 2));
    }

    [Fact]
    public async Task A_second_session_takes_over_and_the_first_one_can_write_no_more()
    {
        string topic = await TopicAsync(1);
        await using var old = Log.CreateCheckpointedProducer(_owner);
        await old.ProduceAsync(topic, [new() { Value = Bytes("old") }], Range(0, 1), default);
        await using var young = Log.CreateCheckpointedProducer(_owner);
        Assert.Equal(new LogOffset(1), (await young.ReadPositionsAsync(default))[Source]);

        await young.ProduceAsync(topic, [new() { Value = Bytes("young") }], Range(1, 2), default);
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => old.ProduceAsync(topic, [new() { Value = Bytes("late") }], Range(1, 2), default));
        await young.ProduceAsync(topic, [new() { Value = Bytes("last") }], Range(2, 3), default);

        Assert.Equal(ErrorCode.CheckpointFenced, error.Code);
        Assert.Equal(["old", "young", "last"], await ValuesAsync(topic, 3));
    }

    [Fact]
    public async Task A_position_moves_without_records_and_each_owner_has_its_own()
    {
        string topic = await TopicAsync(1);
        await using var producer = Log.CreateCheckpointedProducer(_owner);
        await using var other = Log.CreateCheckpointedProducer(_owner with { Sink = "other" });

        await producer.ProduceAsync(topic, [], Range(0, 7), default);

        Assert.Equal(new LogOffset(7), (await producer.ReadPositionsAsync(default))[Source]);
        Assert.Empty(await other.ReadPositionsAsync(default));
        Assert.Equal(0, (await Log.DescribeTopicAsync(topic, default))!.Records);
    }

    [Fact]
    public async Task What_the_topic_cannot_take_is_refused_before_the_position_moves()
    {
        string topic = await TopicAsync(1);
        await using var producer = Log.CreateCheckpointedProducer(_owner);

        var large = await Assert.ThrowsAsync<TidemillException>(() => producer.ProduceAsync(
            topic, [new() { Value = Bytes("small") }, new() { Value = new byte[3 << 20] }], Range(0, 2), default));
        var missing = await Assert.ThrowsAsync<TidemillException>(() => producer.ProduceAsync(
            topic + "-none", [new() { Value = Bytes("x") }], Range(0, 2), default));
        await producer.ProduceAsync(topic, [new() { Value = Bytes("small") }], Range(0, 2), default);

        Assert.Equal((ErrorCode.RecordTooLarge, ErrorCode.NotFound), (large.Code, missing.Code));
        Assert.Equal(["small"], await ValuesAsync(topic, 1));
    }

    private static OffsetRange Range(long start, long end) => new(Source, new LogOffset(start), new LogOffset(end));

    private static string? Text(byte[]? bytes) => bytes is null ? null : System.Text.Encoding.UTF8.GetString(bytes);

    private async Task<List<string?>> ValuesAsync(string topic, int count)
    {
        await using var consumer = Reader(At(topic, 0, 0));
        var read = await ReadAsync(consumer, count);
        Assert.Null(await consumer.PollAsync(TimeSpan.Zero, default));
        return [.. read.Select(r => Text(r.Value))];
    }
}
