using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.Status;
using Tidemill.Streaming.Verification;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

public sealed class StreamFaultTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task A_warehouse_that_fails_at_random_places_loses_and_doubles_nothing(int seed)
    {
        await using var bench = await OpenAsync();
        var random = new Random(seed);
        var faults = 0;
        bench.Wrap = warehouse => new FaultyWarehouse(warehouse, () =>
        {
            var fault = random.Next(3) == 0 ? (Fault)random.Next(1, 5) : Fault.None;
            faults += fault == Fault.None ? 0 : 1;
            return fault;
        });
        await bench.ProduceAsync([.. Enumerable.Range(0, 6000).Select(i => i % 500 == 3 ? "{broken" : Json(i))]);
        var stream = Stream(ConflictRule.Append);
        var status = await bench.CatchUpAsync(stream);
        Assert.True(faults > 0 && status.Retries > 0);
        Assert.Equal(5988, await bench.NumberAsync("SELECT count(*) FROM events"));
        Assert.Equal(5988, await bench.NumberAsync("SELECT count(DISTINCT id) FROM events"));
        var report = Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default));
        Assert.True(report.Proven, string.Join("; ", report.Findings));
        Assert.Equal(12, report.DeadLetters);
    }

    [Fact]
    public async Task Catching_up_waits_for_a_warehouse_that_cannot_be_asked_how_far_it_is()
    {
        // Both ask: the stream when it starts, and whoever waits for it. A share of all questions could always fall to one of them.
        const int Away = 8;
        await using var bench = await OpenAsync();
        var asked = 0;
        bench.Wrap = warehouse => new FaultyWarehouse(warehouse, () => Fault.None, () => Interlocked.Increment(ref asked) <= Away);
        await bench.ProduceAsync(Json(1), Json(2));
        await bench.CatchUpAsync(Stream(ConflictRule.Append));
        Assert.Equal(2, (await bench.RowsAsync("SELECT id FROM events")).Count);
        Assert.True(asked > Away);
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_is_not_written_again()
    {
        await using var bench = await OpenAsync();
        var first = true;
        bench.Wrap = warehouse => new FaultyWarehouse(warehouse, () =>
        {
            var fault = first ? Fault.CommitAnswer : Fault.None;
            first = false;
            return fault;
        });
        await bench.ProduceAsync(Json(1), Json(2));
        await bench.CatchUpAsync(Stream(ConflictRule.Append));
        Assert.Equal(2, await bench.NumberAsync("SELECT count(*) FROM events"));
    }

    [Fact]
    public async Task Another_writer_that_moved_the_checkpoint_fences_this_one_which_reloads_and_goes_on()
    {
        await using var bench = await OpenAsync(partitions: 1);
        var stream = Stream(ConflictRule.Append);
        await using (var producer = bench.Log.CreateProducer(new ProducerOptions()))
            await producer.ProduceAsync(Topic, [Record(1), Record(2)], default);

        var stolen = false;
        bench.Wrap = warehouse => new FaultyWarehouse(warehouse, () =>
        {
            if (!stolen)
            {
                stolen = true;
                StealAsync(warehouse).GetAwaiter().GetResult();
            }

            return Fault.None;
        });
        await bench.CatchUpAsync(stream);

        // The thief covered offset 0 without a row; this stream must not have written it a second time or lost offset 1.
        Assert.Equal([2L], (await bench.RowsAsync("SELECT id FROM events")).Select(r => r[0]));
    }

    [Fact]
    public async Task A_checkpoint_that_retention_has_passed_stops_the_stream_and_says_so()
    {
        await using var bench = await OpenAsync(partitions: 1);
        await bench.Warehouse.ExecuteAsync(
            "INSERT INTO tidemill_checkpoints (project, stream, sink, topic, \"partition\", next_offset, updated_at) VALUES ('', 'events', "
                + "'events', 'events', 0, 99, now())",
            [], default);
        var status = await bench.RunUntilAsync(Stream(ConflictRule.Append), s => Task.FromResult(s.State == StreamState.Failed));
        Assert.Contains("OffsetOutOfRange", status.LastError, StringComparison.Ordinal);
        Assert.Contains("events/0", status.LastError, StringComparison.Ordinal);
    }

    private static ProducerRecord Record(long id) => new() { Value = System.Text.Encoding.UTF8.GetBytes(Json(id)), Partition = 0 };

    private static async Task StealAsync(IWarehouse warehouse)
    {
        await using var thief = await warehouse.OpenWriterAsync(default);
        await thief.BeginAsync(default);
        await thief.AdvanceAsync(
            new CheckpointOwner("events", "events"),
            [new OffsetRange(new TopicPartition(Topic, 0), LogOffset.Zero, new LogOffset(1))], default);
        await thief.CommitAsync(default);
    }
}
