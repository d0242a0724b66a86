using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Tests.Log;

/// <summary>Consumer groups: sharing, positions, lag.</summary>
public abstract partial class LogContractTests
{
    [Fact]
    public async Task A_lone_group_member_gets_every_partition_and_reads_from_the_positions_it_names()
    {
        string topic = await TopicAsync(3);
        await ProduceAsync(
            topic, [.. Enumerable.Range(0, 30).Select(i => new ProducerRecord { Value = Bytes($"{i}"), Partition = i % 3 })]);
        var listener = new RecordingListener { Positions = { [new(topic, 1)] = new LogOffset(4), [new(topic, 2)] = new LogOffset(9) } };
        await using var consumer = Member(topic, listener);

        var read = await ReadAsync(consumer, 10 + 6 + 1);

        Assert.Equal(Enumerable.Range(0, 3).Select(p => new TopicPartition(topic, p)), listener.Owned.Order(ByPartition));
        Assert.Equal([0, 4, 9], read.GroupBy(r => r.Partition.Partition).OrderBy(g => g.Key).Select(g => g.Min(r => r.Offset)));
    }

    [Fact]
    public async Task Members_of_a_group_share_partitions_and_never_own_one_together()
    {
        string topic = await TopicAsync(4);
        RecordingListener first = new(), second = new();
        await using var one = Member(topic, first);
        await PollUntilAsync(() => first.Owned.Count == 4, one);
        var two = Member(topic, second);

        await PollUntilAsync(() => first.Owned.Count == 2 && second.Owned.Count == 2, one, two);
        Assert.Empty(first.Owned.Intersect(second.Owned));
        Assert.Equal(4, first.Owned.Union(second.Owned).Count());
        Assert.Equal(first.Owned.Order(ByPartition), one.Assignment.Order(ByPartition));

        await two.DisposeAsync();
        await PollUntilAsync(() => first.Owned.Count == 4, one);
    }

    [Fact]
    public async Task Groups_read_independently_and_may_start_at_the_end()
    {
        string topic = await TopicAsync(1);
        await ProduceAsync(topic, [new() { Value = Bytes("old") }]);
        RecordingListener early = new(), late = new();
        await using var fromStart = Member(topic, early, group: "all-");
        await using var fromEnd = Member(topic, late, StartPosition.Latest, group: "new-");
        await PollUntilAsync(() => late.Owned.Count == 1, fromEnd);

        await ProduceAsync(topic, [new() { Value = Bytes("new") }]);

        Assert.Equal([0, 1], (await ReadAsync(fromStart, 2)).Select(r => r.Offset));
        Assert.Equal([1], (await ReadAsync(fromEnd, 1)).Select(r => r.Offset));
    }

    [Fact]
    public async Task A_group_is_described_with_members_committed_positions_and_lag()
    {
        string topic = await TopicAsync(2);
        await ProduceAsync(
            topic, [.. Enumerable.Range(0, 20).Select(i => new ProducerRecord { Value = Bytes($"{i}"), Partition = i % 2 })]);
        var listener = new RecordingListener();
        Assert.Null(await Log.DescribeGroupAsync("group-" + topic, Cancel));
        await using var consumer = Member(topic, listener);
        await ReadAsync(consumer, 20);

        await consumer.CommitAsync([At(topic, 0, 4)], Cancel);

        var group = await UntilAsync(topic, g => g is { State: GroupState.Stable, Positions: [{ Committed: not null }, _] });
        Assert.Equal(2, Assert.Single(group!.Members).Assignment.Count);
        Assert.Equal(new GroupPosition(new TopicPartition(topic, 0), new LogOffset(4), new LogOffset(10)), group.Positions[0]);
        Assert.Equal(6, group.Positions[0].Lag);
        Assert.Equal(new GroupPosition(new TopicPartition(topic, 1), null, new LogOffset(10)), group.Positions[1]);
        Assert.Null(group.Positions[1].Lag);
        Assert.Contains(await Log.ListGroupsAsync(Cancel), g => g.Name == "group-" + topic && g.State == GroupState.Stable);
    }

    [Fact]
    public async Task Positions_of_a_group_are_set_while_it_has_no_members()
    {
        string topic = await TopicAsync(2);
        string group = "group-" + topic;
        await ProduceAsync(
            topic, [.. Enumerable.Range(0, 20).Select(i => new ProducerRecord { Value = Bytes($"{i}"), Partition = i % 2 })]);
        await using (var consumer = Member(topic, new RecordingListener()))
        {
            await ReadAsync(consumer, 20);
            await FailsAsync(ErrorCode.InvalidRequest, () => Log.SetGroupPositionsAsync(group, [At(topic, 0, 1)], Cancel));
        }

        await UntilAsync(topic, g => g is null or { State: GroupState.Empty });
        await FailsAsync(ErrorCode.NotFound, () => Log.SetGroupPositionsAsync(group, [At("none-" + topic, 0, 1)], Cancel));
        await FailsAsync(ErrorCode.NotFound, () => Log.SetGroupPositionsAsync(group, [At(topic, 0, 1), At(topic, 2, 1)], Cancel));
        await FailsAsync(ErrorCode.OffsetOutOfRange, () => Log.SetGroupPositionsAsync(group, [At(topic, 0, 11)], Cancel));
        await Log.SetGroupPositionsAsync(group, [At(topic, 0, 7)], Cancel);
        await Log.SetGroupPositionsAsync(group, [At(topic, 1, 10)], Cancel);

        var described = await Log.DescribeGroupAsync(group, Cancel);
        Assert.Equal(GroupState.Empty, described!.State);
        Assert.Equal([7, 10], described.Positions.Select(p => p.Committed!.Value.Value));
        Assert.Equal([3, 0], described.Positions.Select(p => p.Lag!.Value));
    }

    [Fact]
    public async Task A_commit_of_a_partition_that_another_member_has_is_left_out()
    {
        string topic = await TopicAsync(2);
        RecordingListener first = new(), second = new();
        await using var one = Member(topic, first);
        await using var two = Member(topic, second);
        await PollUntilAsync(() => first.Owned.Count == 1 && second.Owned.Count == 1, one, two);
        await ProduceAsync(topic, [.. Enumerable.Range(0, 4).Select(i => new ProducerRecord { Value = Bytes($"{i}"), Partition = i % 2 })]);

        await one.CommitAsync([At(topic, 0, 1), At(topic, 1, 1)], Cancel);

        var group = await UntilAsync(topic, g => g!.Positions.Any(p => p.Committed is not null));
        var committed = Assert.Single(group!.Positions, p => p.Committed is not null);
        Assert.Equal(Assert.Single(first.Owned), committed.Partition);
    }

    private ILogConsumer Member(
        string topic, RecordingListener listener, StartPosition start = StartPosition.Earliest, string group = "group-") =>
        Log.CreateConsumer(new ConsumerOptions { Group = group + topic, Topics = [topic], Listener = listener, Start = start });

    private static async Task PollUntilAsync(Func<bool> condition, params ILogConsumer[] consumers)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!condition())
        {
            foreach (var consumer in consumers)
            {
                using var ignored = await consumer.PollAsync(TimeSpan.FromMilliseconds(5), patience.Token);
            }
        }
    }

    private async Task<GroupDescription?> UntilAsync(string topic, Func<GroupDescription?, bool> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var group = await Log.DescribeGroupAsync("group-" + topic, patience.Token);
            if (condition(group)) return group;
        }
    }
}
