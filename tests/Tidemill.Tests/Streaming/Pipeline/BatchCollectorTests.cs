using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Streaming.Pipeline;
using Tidemill.Tests.Streaming.Decoding;

namespace Tidemill.Tests.Streaming.Pipeline;

/// <summary>Batches of one partition each, as sinks with a transaction a partition ask for.</summary>
public sealed class BatchCollectorTests
{
    private static readonly BatchDefinition Bounds = new() { MaxWait = TimeSpan.FromMilliseconds(200) };

    private readonly SinkPositions _positions = new();
    private readonly Clock _clock = new();

    [Fact]
    public async Task Runs_that_came_among_others_become_one_batch_of_their_partition_in_order()
    {
        using var collector = Collector(Bounds, Run(0, 0, 2), Run(1, 0, 3), Run(0, 2, 1), Run(2, 0, 1), Run(1, 3, 2), Run(0, 3, 4));

        Assert.Equal(
            ["t/0 0..7", "t/1 0..5", "t/2 0..1"], [await NextAsync(collector), await NextAsync(collector), await NextAsync(collector)]);
    }

    [Fact]
    public async Task What_waited_for_an_earlier_batch_does_not_wait_again()
    {
        using var collector = Collector(Bounds, Run(0, 0, 1), Run(1, 0, 1));
        await NextAsync(collector);
        var waited = _clock.GetElapsedTime(0);

        Assert.Equal("t/1 0..1", await NextAsync(collector));

        Assert.Equal(Bounds.MaxWait, waited);
        Assert.Equal(waited, _clock.GetElapsedTime(0));
    }

    [Fact]
    public async Task What_is_held_of_a_partition_that_left_is_given_up_even_when_it_came_back()
    {
        var left = new TopicPartition("t", 1);
        using var collector = Collector(Bounds, Run(0, 0, 1), Run(1, 0, 1), Run(2, 0, 1));
        await NextAsync(collector);
        _positions.Revoke(left);
        _positions.Assign(left, [LogOffset.Zero]);

        Assert.Equal("t/2 0..1", await NextAsync(collector));
    }

    [Fact]
    public async Task Bytes_that_are_held_count_with_those_of_the_batch()
    {
        using var collector = Collector(Bounds with { MaxBytes = 30 }, Run(0, 0, 10), Run(1, 0, 10), Run(1, 10, 10), Run(0, 10, 10));

        Assert.Equal("t/0 0..10", await NextAsync(collector));
        Assert.Equal("t/1 0..20", await NextAsync(collector));
        Assert.Equal("t/0 10..20", await NextAsync(collector));
    }

    private BatchCollector Collector(BatchDefinition bounds, params FetchedRecords[] runs)
    {
        foreach (var partition in runs.Select(r => r.Partition).Distinct())
            _positions.Assign(partition, [LogOffset.Zero]);

        return new BatchCollector(new Runs(_clock, runs), _positions, bounds, _clock, onePartition: true);
    }

    private static async Task<string> NextAsync(BatchCollector collector)
    {
        using var batch = await collector.CollectAsync(default);
        var range = Assert.Single(batch!.Ranges);
        var offsets = batch.Records.SelectMany(r => r.Records.ToArray()).Select(r => r.Offset);
        Assert.Equal(Enumerable.Range((int)range.Start.Value, (int)(range.End.Value - range.Start.Value)).Select(i => (long)i), offsets);
        return $"{range.Partition} {range.Start}..{range.End}";
    }

    /// <summary>A run of records of one byte each.</summary>
    private static MemoryFetch Run(int partition, long first, int count) =>
        SampleRecords.Fetch("t", partition, first, [.. Enumerable.Repeat("v", count)]);

    /// <summary>Gives the runs out one after the other; then time passes.</summary>
    private sealed class Runs(Clock clock, params FetchedRecords[] runs) : ILogConsumer
    {
        private int _next;

        public IReadOnlyCollection<TopicPartition> Assignment => [];

        public ValueTask<FetchedRecords?> PollAsync(TimeSpan maxWait, CancellationToken cancellationToken)
        {
            if (_next < runs.Length)
                return ValueTask.FromResult<FetchedRecords?>(runs[_next++]);

            clock.Now += maxWait;
            return ValueTask.FromResult<FetchedRecords?>(null);
        }

        public void Pause(IReadOnlyCollection<TopicPartition> partitions) => throw new NotSupportedException();

        public void Resume(IReadOnlyCollection<TopicPartition> partitions) => throw new NotSupportedException();

        public void Seek(RecordPosition position) => throw new NotSupportedException();

        public ValueTask CommitAsync(IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken) => default;

        public ValueTask DisposeAsync() => default;
    }

    /// <summary>Stands still until told otherwise.</summary>
    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
