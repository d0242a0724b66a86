using System.Diagnostics;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;
using Tidemill.Streaming.Positions;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Status;

namespace Tidemill.Tests.Streaming.Positions;

public sealed class StreamPositionsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Running_stream_refuses_a_paused_one_reads_on_from_where_it_was_put()
    {
        await using var bench = await StreamBench.OpenAsync();
        var stream = StreamBench.Stream(ConflictRule.Upsert);
        await bench.ProduceAsync([.. Enumerable.Range(0, 100).Select(i => StreamBench.Json(i))]);
        var supervisor = new StreamSupervisor(bench.Services, [stream]);
        var positions = new StreamPositions(bench.Services, [stream], supervisor);
        using var stop = new CancellationTokenSource();
        var running = supervisor.RunAsync(stop.Token);
        await UntilAsync(
            async () => await bench.NumberAsync("SELECT count(*) FROM information_schema.tables WHERE table_name = 'events'") == 1
            && await bench.NumberAsync("SELECT count(*) FROM events") == 100);

        var back = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("-10")), default);
        Assert.Equal(20, back.Repeated);
        Assert.Null(back.Refusal);
        Assert.Contains(back.Warnings, w => w.StartsWith("Pause", StringComparison.Ordinal));
        var refused = await Assert.ThrowsAsync<TidemillException>(() => positions.ApplyAsync(back, default));
        Assert.Contains("Pause it first", refused.Message);

        supervisor.Pause("events");
        await positions.ApplyAsync(back, default);
        Assert.All((await positions.ReadAsync("events", default)).SelectMany(p => p.Sinks), s => Assert.Equal((40, 10), (s.Held, s.Lag)));
        Assert.Equal(StreamState.Paused, supervisor.Status("events")!.State);
        // Twenty of the rows go: they come back only when their records are read again.
        await bench.Warehouse.ExecuteAsync("DELETE FROM events WHERE id >= 80", [], default);
        supervisor.Resume("events");
        // Records are counted when their rows are there already.
        await UntilAsync(
            async () => await bench.NumberAsync("SELECT count(*) FROM events") == 100 && supervisor.Status("events")!.Records >= 120);
        Assert.Equal(120, supervisor.Status("events")!.Records);
        Assert.Empty(supervisor.Status("events")!.RecentErrors);

        supervisor.Pause("events");
        await bench.ProduceAsync([.. Enumerable.Range(100, 100).Select(i => StreamBench.Json(i))]);
        var skip = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("latest"), Partition: 1), default);
        Assert.Equal((1, 50L, 50L, 100L), (skip.Moves.Count, skip.Skipped, skip.Moves[0].From!.Value, skip.Moves[0].To));
        await positions.ApplyAsync(skip, default);
        supervisor.Resume("events");
        await UntilAsync(async () => (await positions.ReadAsync("events", default)).All(p => p.Lag == 0));
        Assert.Equal(150, await bench.NumberAsync("SELECT count(*) FROM events"));
        await stop.CancelAsync();
        await running.WaitAsync(Patience);
    }

    [Theory]
    [InlineData(ConflictRule.Append, true)]
    [InlineData(ConflictRule.Merge, true)]
    [InlineData(ConflictRule.Ignore, false)]
    [InlineData(ConflictRule.Upsert, false)]
    public async Task Going_back_is_refused_where_it_would_double_rows(ConflictRule rule, bool isRefused)
    {
        await using var bench = await StreamBench.OpenAsync();
        var stream = StreamBench.Stream(rule);
        var sink = (WarehouseSinkDefinition)stream.Sinks[0] with
        {
            Merge = rule == ConflictRule.Merge
                ? new Dictionary<string, MergeOperation> { ["amount"] = MergeOperation.Sum, ["kind"] = MergeOperation.Last }
                : new Dictionary<string, MergeOperation>(),
        };
        stream = stream with { Sinks = [sink] };
        await bench.ProduceAsync([.. Enumerable.Range(0, 10).Select(i => StreamBench.Json(i))]);
        await bench.CatchUpAsync(stream);
        var positions = new StreamPositions(bench.Services, [stream], new StreamSupervisor(bench.Services, []));
        var back = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("earliest")), default);
        Assert.Equal(10, back.Repeated);
        Assert.Equal(isRefused, back.Refusal is not null);
        if (isRefused)
        {
            Assert.Contains("tidemill replay", back.Refusal);
            await Assert.ThrowsAsync<TidemillException>(() => positions.ApplyAsync(back, default));
            Assert.Equal(0, (await positions.ReadAsync("events", default)).Sum(p => p.Lag));
        }

        var forward = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("latest")), default);
        Assert.Null(forward.Refusal);
    }

    [Fact]
    public async Task Plan_that_the_stream_has_outrun_changes_nothing()
    {
        await using var bench = await StreamBench.OpenAsync();
        var stream = StreamBench.Stream(ConflictRule.Upsert);
        await bench.ProduceAsync([.. Enumerable.Range(0, 10).Select(i => StreamBench.Json(i))]);
        await bench.CatchUpAsync(stream);
        var positions = new StreamPositions(bench.Services, [stream], new StreamSupervisor(bench.Services, []));
        var plan = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("earliest")), default);
        await bench.ProduceAsync([StreamBench.Json(10), StreamBench.Json(11)]);
        await bench.CatchUpAsync(stream);
        var error = await Assert.ThrowsAsync<TidemillException>(() => positions.ApplyAsync(plan, default));
        Assert.Equal(ErrorCode.CheckpointFenced, error.Code);
        Assert.Equal(0, (await positions.ReadAsync("events", default)).Sum(p => p.Lag));
    }

    [Fact]
    public async Task Groups_are_planned_and_set_but_not_those_of_streams()
    {
        await using var bench = await StreamBench.OpenAsync();
        await bench.ProduceAsync([.. Enumerable.Range(0, 10).Select(i => StreamBench.Json(i))]);
        var groups = new GroupPositions(bench.Log, "test");
        var missing = await Assert.ThrowsAsync<TidemillException>(
            () => groups.PlanAsync("mine", new PositionRequest(PositionTarget.Parse("latest")), default));
        Assert.Equal(ErrorCode.NotFound, missing.Code);
        var first = await groups.PlanAsync("mine", new PositionRequest(PositionTarget.Parse("latest"), StreamBench.Topic), default);
        Assert.Equal((10, 2), (first.Skipped, first.Moves.Count));
        await groups.ApplyAsync(first, default);
        var back = await groups.PlanAsync("mine", new PositionRequest(PositionTarget.Parse("-2")), default);
        Assert.Equal(4, back.Repeated);
        await groups.ApplyAsync(back, default);
        Assert.Equal([3L, 3L], (await bench.Log.DescribeGroupAsync("mine", default))!.Positions.Select(p => p.Committed!.Value.Value));
        var streams = await groups.PlanAsync(
            "tidemill.test.events", new PositionRequest(PositionTarget.Parse("latest"), StreamBench.Topic), default);
        Assert.Contains("stream events", streams.Refusal);
        await Assert.ThrowsAsync<TidemillException>(() => groups.ApplyAsync(streams, default));
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, "Waited in vain.");
            await Task.Delay(10);
        }
    }
}
