using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Status;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

public sealed class StreamTests
{
    [Fact]
    public async Task Records_become_rows_and_the_checkpoint_stands_behind_them()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync([.. Enumerable.Range(0, 3001).Select(i => Json(i, $"{i}.25"))]);
        var status = await bench.CatchUpAsync(Stream(ConflictRule.Append));
        Assert.Equal(3001, await bench.NumberAsync("SELECT count(DISTINCT id) FROM events"));
        Assert.Equal(3001, await bench.NumberAsync("SELECT count(*) FROM events WHERE amount = id + 0.25"));
        Assert.Equal(3001, await bench.NumberAsync("SELECT sum(next_offset) FROM tidemill_checkpoints"));
        Assert.Equal(3001, status.Records);
        Assert.True(status.CommitLatency.P99 >= status.CommitLatency.P50);
    }

    [Fact]
    public async Task The_log_s_group_is_told_how_far_the_tables_are()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync([.. Enumerable.Range(0, 101).Select(i => Json(i))]);
        await bench.CatchUpAsync(Stream(ConflictRule.Append));

        var group = await bench.Log.DescribeGroupAsync("tidemill.test.events", default);

        Assert.Equal(GroupState.Empty, group!.State);
        Assert.Equal([51L, 50L], group.Positions.Select(p => p.Committed!.Value.Value));
        Assert.All(group.Positions, p => Assert.Equal(0, p.Lag));
    }

    [Fact]
    public async Task Broken_records_become_dead_letters_with_their_bytes_and_the_rest_flows()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync(Json(1), "{\"id\": 2, \"amo", Json(3), "[1]", "{\"id\":\"x\",\"amount\":1}", Json(6));
        var status = await bench.CatchUpAsync(Stream(ConflictRule.Append));
        Assert.Equal([1L, 3L, 6L], (await bench.RowsAsync("SELECT id FROM events ORDER BY 1")).Select(r => r[0]));
        var letters = await new DeadLetterStore(bench.Warehouse).ListAsync("events", DeadLetterStatus.Open, 10, 0, default);
        Assert.Equal(3, letters.Count);
        Assert.Equal(3, status.DeadLetters);
        var cut = Assert.Single(letters, l => l.Position == new RecordPosition(new TopicPartition(Topic, 1), new LogOffset(0)));
        Assert.Equal("{\"id\": 2, \"amo"u8.ToArray(), cut.Value);
        Assert.Equal(ErrorCode.DecodeFailed, cut.Code);
        Assert.Equal("id", Assert.Single(letters, l => l.Field is not null).Field);
    }

    [Fact]
    public async Task A_row_on_which_the_transform_fails_is_found_and_set_aside()
    {
        await using var bench = await OpenAsync();
        await bench.ProduceAsync([.. Enumerable.Range(0, 700).Select(i => Json(i, kind: i == 333 ? "bad" : "7"))]);
        await bench.CatchUpAsync(Stream(ConflictRule.Append, "SELECT id, CAST(kind AS INTEGER) AS number FROM batch"));
        Assert.Equal(699, await bench.NumberAsync("SELECT count(DISTINCT id) FROM events WHERE id <> 333"));
        Assert.Equal(699, await bench.NumberAsync("SELECT count(*) FROM events"));
        var letter = Assert.Single(await new DeadLetterStore(bench.Warehouse).ListAsync("events", null, 10, 0, default));
        Assert.Equal(ErrorCode.TransformFailed, letter.Code);
        Assert.Equal(Json(333, kind: "bad"), System.Text.Encoding.UTF8.GetString(letter.Value!));
        Assert.DoesNotContain("bad", letter.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_that_the_table_refuses_is_found_and_set_aside()
    {
        await using var bench = await OpenAsync();
        await bench.Warehouse.ExecuteAsync(
            "CREATE TABLE events (id BIGINT, amount DECIMAL(18,2) CHECK (amount < 100), kind VARCHAR)", [], default);
        await bench.ProduceAsync([.. Enumerable.Range(0, 300).Select(i => i == 40 ? "{" : Json(i, i is 17 or 250 ? "100.00" : "5.00"))]);
        var status = await bench.CatchUpAsync(Stream(ConflictRule.Append));
        Assert.Equal(297, await bench.NumberAsync("SELECT count(DISTINCT id) FROM events"));
        Assert.Equal(297, await bench.NumberAsync("SELECT count(*) FROM events"));
        var letters = await new DeadLetterStore(bench.Warehouse).ListAsync("events", null, 10, 0, default);
        Assert.Equal(2, letters.Count(l => l.Code == ErrorCode.RowRejected));
        Assert.Equal(3, letters.Count);
        Assert.Equal(3, status.DeadLetters);
    }

    [Theory]
    [InlineData(ConflictRule.Append)]
    [InlineData(ConflictRule.Ignore)]
    [InlineData(ConflictRule.Upsert)]
    public async Task Stopped_and_resumed_gives_the_same_rows_as_run_straight(ConflictRule rule)
    {
        await using var bench = await OpenAsync();
        await using var straight = await OpenAsync();
        var stream = Stream(rule);
        var all = Enumerable.Range(0, 4000).Select(i => Json(rule == ConflictRule.Append ? i : i % 1500, $"{i}.00")).ToArray();
        foreach (var part in all.Chunk(400))
        {
            await bench.ProduceAsync(part);
            await bench.RunUntilAsync(stream, s => Task.FromResult(s.Records > 0));
        }

        await bench.CatchUpAsync(stream);
        await straight.ProduceAsync(all);
        await straight.CatchUpAsync(stream);
        const string Rows = "SELECT id, amount, kind FROM events ORDER BY ALL";
        Assert.Equal(await straight.RowsAsync(Rows), await bench.RowsAsync(Rows));
    }

    [Fact]
    public async Task Aggregates_merge_and_a_repeated_event_counts_once_across_batches_and_restarts()
    {
        await using var bench = await OpenAsync();
        var stream = Stream(ConflictRule.Merge, "SELECT kind, count(*) AS n, sum(amount) AS total FROM batch GROUP BY kind") with
        {
            Deduplicate = ["id"],
            Sinks =
            [
                new WarehouseSinkDefinition("events", new TableName("totals"))
                {
                    Rule = ConflictRule.Merge, Key = ["kind"],
                    Merge = new Dictionary<string, MergeOperation> { ["n"] = MergeOperation.Sum, ["total"] = MergeOperation.Sum },
                },
            ],
        };
        var records = Enumerable.Range(0, 2000).Select(i => Json(i % 600, "2.00", i % 2 == 0 ? "even" : "odd")).ToArray();
        foreach (var part in records.Chunk(700))
        {
            await bench.ProduceAsync(part);
            await bench.CatchUpAsync(stream);
        }

        var rows = await bench.RowsAsync("SELECT kind, n, total::DECIMAL(18,2) FROM totals ORDER BY 1");
        Assert.Equal([["even", 300L, 600.00m], ["odd", 300L, 600.00m]], rows);
        Assert.All(
            await new Tidemill.Streaming.Verification.StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default),
            r => Assert.True(r.Proven));
    }

    [Fact]
    public async Task A_sink_added_later_gets_everything_and_the_first_is_not_written_twice()
    {
        await using var bench = await OpenAsync();
        var one = Stream(ConflictRule.Append);
        var two = one with { Sinks = [.. one.Sinks, new WarehouseSinkDefinition("copy", new TableName("copy"))] };
        await bench.ProduceAsync([.. Enumerable.Range(0, 1234).Select(i => Json(i))]);
        await bench.CatchUpAsync(one);
        await bench.ProduceAsync([.. Enumerable.Range(1234, 766).Select(i => Json(i))]);
        await bench.CatchUpAsync(two);
        foreach (var table in new[] { "events", "copy" })
        {
            Assert.Equal(2000, await bench.NumberAsync($"SELECT count(*) FROM {table}"));
            Assert.Equal(2000, await bench.NumberAsync($"SELECT count(DISTINCT id) FROM {table}"));
        }
    }

    [Fact]
    public async Task A_table_that_contradicts_the_schema_fails_the_stream_by_name_and_resumes_after_the_cure()
    {
        await using var bench = await OpenAsync();
        await bench.Warehouse.ExecuteAsync("CREATE TABLE events (id VARCHAR, amount DECIMAL(18,2), kind VARCHAR)", [], default);
        await bench.ProduceAsync(Json(1));
        var status = await bench.RunUntilAsync(Stream(ConflictRule.Append), s => Task.FromResult(s.State == StreamState.Failed));
        Assert.Contains("SchemaConflict", status.LastError, StringComparison.Ordinal);
        Assert.Contains("id", status.LastError, StringComparison.Ordinal);
        await bench.Warehouse.ExecuteAsync("DROP TABLE events", [], default);
        await bench.CatchUpAsync(Stream(ConflictRule.Append));
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events"));
    }

    [Fact]
    public async Task A_paused_stream_reads_nothing_until_resumed()
    {
        await using var bench = await OpenAsync();
        var supervisor = new Tidemill.Streaming.StreamSupervisor(bench.Services, [Stream(ConflictRule.Append)]);
        supervisor.Pause("events");
        using var stop = new CancellationTokenSource();
        var running = supervisor.RunAsync(stop.Token);
        await bench.ProduceAsync(Json(1));
        Assert.Equal(StreamState.Paused, supervisor.Status()[0].State);
        Assert.Null(await bench.Warehouse.DescribeAsync(new TableName("events"), default));
        supervisor.Resume("events");
        await WaitAsync(() => supervisor.Status()[0].Records == 1);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(StreamState.Stopped, supervisor.Status()[0].State);
    }

    [Fact]
    public async Task Records_that_come_while_a_stream_waits_for_some_are_not_written_once_it_is_paused()
    {
        await using var bench = await OpenAsync();
        var supervisor = new Tidemill.Streaming.StreamSupervisor(bench.Services, [Stream(ConflictRule.Append)]);
        using var stop = new CancellationTokenSource();
        var running = supervisor.RunAsync(stop.Token);
        await bench.ProduceAsync(Json(1));
        await WaitAsync(() => supervisor.Status()[0].Records == 1);
        supervisor.Pause("events");
        await bench.ProduceAsync(Json(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => WaitAsync(() => supervisor.Status()[0].Records == 2, seconds: 1));
        Assert.Equal(1, await bench.NumberAsync("SELECT count(*) FROM events"));
        supervisor.Resume("events");
        await WaitAsync(() => supervisor.Status()[0].Records == 2);
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    private static async Task WaitAsync(Func<bool> condition, double seconds = 20)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        while (!condition())
            await Task.Delay(10, patience.Token);
    }
}
