using System.Text;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log;
using Tidemill.Log.Segments;
using static Tidemill.Tests.Log.LogFixture;

namespace Tidemill.Tests.Log;

public sealed class EmbeddedLogTests
{
    [Fact]
    public async Task A_second_log_on_the_folder_is_refused_and_told_who_has_it()
    {
        using var folder = new TemporaryFolder();
        var first = await EmbeddedLog.OpenAsync(folder.Path, Options, TimeProvider.System, default);

        var error = await Assert.ThrowsAsync<TidemillException>(
            () => EmbeddedLog.OpenAsync(folder.Path, Options, TimeProvider.System, default));
        await first.DisposeAsync();
        await using var second = await EmbeddedLog.OpenAsync(folder.Path, Options, TimeProvider.System, default);

        Assert.Equal(ErrorCode.DataFolderLocked, error.Code);
        Assert.Contains($"process {Environment.ProcessId}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_is_there_after_closing_and_opening_on_a_real_disk()
    {
        using var folder = new TemporaryFolder();
        await using (var log = await EmbeddedLog.OpenAsync(folder.Path, Options, TimeProvider.System, default))
        {
            await log.CreateTopicAsync(new TopicSpec(Topic), default);
            for (int i = 0; i < 200; i++) await AppendAsync(log, Acknowledgement.Written, Values(i));
        }

        await using var again = await EmbeddedLog.OpenAsync(folder.Path, Options, TimeProvider.System, default);

        Assert.Empty(again.Truncations);
        Assert.Equal(AllValues(200), await ReadAsync(again));
        Assert.Equal(AllValues(200)[77..], await ReadAsync(again, from: 77));
        Assert.Equal([Topic], await again.ListTopicsAsync(default));
    }

    [Fact]
    public async Task Committed_positions_stay_over_closing_and_go_with_their_topic()
    {
        var files = new MemoryFileSystem();
        await using (var log = await OpenAsync(files))
        {
            await log.CreateTopicAsync(new TopicSpec(Topic), default);
            await AppendAsync(log, Acknowledgement.Written, Values(0));
            await log.SetGroupPositionsAsync("g", [new RecordPosition(Partition, new LogOffset(1))], default);
        }

        await using var again = await OpenAsync(files);

        Assert.Equal(new LogOffset(1), Assert.Single((await again.DescribeGroupAsync("g", default))!.Positions).Committed);
        await again.DeleteTopicAsync(Topic, default);
        Assert.Null(await again.DescribeGroupAsync("g", default));
        Assert.Empty(await again.ListGroupsAsync(default));
    }

    [Fact]
    public async Task A_damaged_groups_file_is_named()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, "groups.json"), """{"format":1,"groups":{"g":""");

        var error = await Assert.ThrowsAsync<TidemillException>(
            () => EmbeddedLog.OpenAsync(folder.Path, Options, TimeProvider.System, default));

        Assert.Equal(ErrorCode.DataCorrupt, error.Code);
        Assert.Contains("groups.json", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_appends_share_one_flush()
    {
        var files = new MemoryFileSystem();
        await using var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        using var entered = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        int flushes = 0;
        files.BeforeFlush = _ =>
        {
            if (Interlocked.Increment(ref flushes) > 1) return;
            entered.Release();
            Assert.True(go.Wait(TimeSpan.FromSeconds(30)));
        };

        var first = AppendAsync(log, Acknowledgement.Durable, "first");
        Assert.True(await entered.WaitAsync(TimeSpan.FromSeconds(30)));
        var waiting = Enumerable.Range(0, 50).Select(i => AppendAsync(log, Acknowledgement.Durable, $"{i}")).ToList();
        Assert.Empty(await ReadAsync(log));
        go.Set();

        Assert.Equal(Enumerable.Range(0, 51).Select(i => (long)i), await Task.WhenAll([first, .. waiting]));

        // 51 small batches fill at most a second segment, whose beginning flushes the first and the folder.
        Assert.InRange(flushes, 2, 6);
        Assert.Equal(51, (await ReadAsync(log)).Count);
    }

    [Fact]
    public async Task A_caller_that_takes_its_time_over_an_answer_holds_up_no_other_append()
    {
        var files = new MemoryFileSystem();
        await using var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        await using var producer = log.CreateProducer(new ProducerOptions());
        using var entered = new SemaphoreSlim(0);
        using var go = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        int flushes = 0;
        files.BeforeFlush = _ =>
        {
            if (Interlocked.Increment(ref flushes) > 1) return;
            entered.Release();
            Assert.True(go.Wait(TimeSpan.FromSeconds(30)));
        };

        // Runs on whichever thread gives the answer, and keeps it.
        var slow = producer.ProduceAsync(Topic, [new ProducerRecord { Value = "slow"u8.ToArray() }], default).AsTask()
            .ContinueWith(
                _ => release.Wait(TimeSpan.FromSeconds(60)), default, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Assert.True(await entered.WaitAsync(TimeSpan.FromSeconds(30)));
        var waiting = AppendAsync(log, Acknowledgement.Durable, "waiting");
        go.Set();

        Assert.Equal(1, await waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(2, await AppendAsync(log, Acknowledgement.Durable, "later").WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.False(slow.IsCompleted);
        release.Set();
        Assert.True(await slow);
    }

    [Fact]
    public async Task Retention_by_bytes_deletes_the_oldest_whole_segments_and_keeps_at_least_the_bytes()
    {
        var files = new MemoryFileSystem();
        await using var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic) { RetentionBytes = 5000 }, default);
        for (int i = 0; i < 200; i++) await AppendAsync(log, Acknowledgement.Durable, Values(i));
        var before = (await log.DescribeTopicAsync(Topic, default))!.Partitions[0];
        await using var slow = log.CreateConsumer(
            new ConsumerOptions { Assignment = [new(Partition, LogOffset.Zero)], MaxPollRecords = 1 });
        using var held = await slow.PollAsync(TimeSpan.Zero, default);

        Assert.True(log.ApplyRetention() > 1);

        var after = (await log.DescribeTopicAsync(Topic, default))!.Partitions[0];
        Assert.Equal(before.Next, after.Next);
        Assert.InRange(after.Bytes!.Value, 5000, 5000 + 4096);
        Assert.True(after.Earliest > before.Earliest);
        Assert.Equal(AllValues(200)[(int)after.Earliest.Value..], await ReadAsync(log, from: after.Earliest.Value));
        Assert.Equal("first of 0", Encoding.UTF8.GetString(held!.Records[0].Value));
        Assert.Equal(after.Earliest.Value, Earliest(files));
        Assert.Equal(0, log.ApplyRetention());
    }

    [Fact]
    public async Task A_reader_finishes_the_deleted_segment_it_is_in_and_is_then_told_what_it_missed()
    {
        using var folder = new TemporaryFolder();
        var clock = new ManualClock();
        await using var log = await EmbeddedLog.OpenAsync(folder.Path, Options, clock, default);
        await log.CreateTopicAsync(new TopicSpec(Topic) { RetentionTime = TimeSpan.FromHours(1) }, default);
        for (int i = 0; i < 200; i++) await AppendAsync(log, Acknowledgement.Written, Values(i));
        await using var consumer = log.CreateConsumer(
            new ConsumerOptions { Assignment = [new(Partition, LogOffset.Zero)], MaxPollRecords = 2, MaxPollBytes = 64 });
        (await consumer.PollAsync(TimeSpan.Zero, default))!.Dispose();
        long second = log.Partition(Partition).Segments[1].BaseOffset;

        clock.Now += TimeSpan.FromHours(2);
        log.ApplyRetention();

        var left = (await log.DescribeTopicAsync(Topic, default))!.Partitions[0];
        Assert.Equal((400, 400, 0), (left.Earliest.Value, left.Next.Value, left.Bytes!.Value));
        long next = 2;
        var error = await Assert.ThrowsAsync<TidemillException>(async () =>
        {
            while (true)
            {
                using var run = await consumer.PollAsync(TimeSpan.Zero, default);
                next = run!.Next.Value;
            }
        });
        Assert.Equal((ErrorCode.OffsetOutOfRange, second), (error.Code, next));
        Assert.Equal(400, await AppendAsync(log, Acknowledgement.Durable, "new"));
        Assert.Equal(["new"], await ReadAsync(log, from: 400));
    }

    [Fact]
    public async Task Times_are_found_across_segments_also_after_opening_again()
    {
        var files = new MemoryFileSystem();
        var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        var random = new Random(7);
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        List<DateTimeOffset> times = [.. Enumerable.Range(0, 400).Select(i => start.AddSeconds(i + random.Next(-30, 30)))];
        await using (var producer = log.CreateProducer(new ProducerOptions()))
        {
            foreach (var chunk in times.Chunk(5))
            {
                await producer.ProduceAsync(
                    Topic, [.. chunk.Select(t => new ProducerRecord { Value = new byte[20], Timestamp = t })], default);
            }
        }

        await CheckAsync(log);
        await log.DisposeAsync();
        await using var again = await OpenAsync(files);
        await CheckAsync(again);

        async Task CheckAsync(EmbeddedLog opened)
        {
            for (int second = -40; second < 450; second += 3)
            {
                var time = start.AddSeconds(second);
                int expected = times.FindIndex(t => t >= time);
                Assert.Equal(expected < 0 ? 400 : expected, (await opened.FindOffsetAsync(Partition, time, default)).Value);
            }
        }
    }

    [Fact]
    public async Task Closing_wakes_a_waiting_reader_and_refuses_what_comes_after()
    {
        var log = await OpenAsync(new MemoryFileSystem());
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [new(Partition, LogOffset.Zero)] });
        var waiting = consumer.PollAsync(TimeSpan.FromSeconds(30), default).AsTask();

        await log.DisposeAsync();

        Assert.Equal(ErrorCode.InvalidRequest, (await Assert.ThrowsAsync<TidemillException>(() => waiting)).Code);
        Assert.Equal(
            ErrorCode.InvalidRequest,
            (await Assert.ThrowsAsync<TidemillException>(() => AppendAsync(log, Acknowledgement.Durable, "x"))).Code);
    }

    [Fact]
    public async Task Deleting_a_topic_removes_its_files_and_the_name_can_be_used_again()
    {
        var files = new MemoryFileSystem();
        await using var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic) { Partitions = 3 }, default);
        await AppendAsync(log, Acknowledgement.Durable, "old");

        await log.DeleteTopicAsync(Topic, default);
        Assert.Empty(files.Paths(Segment.FileSuffix));
        await log.CreateTopicAsync(new TopicSpec(Topic), default);

        Assert.Empty(await ReadAsync(log));
    }

    [Fact]
    public async Task Options_out_of_range_are_all_reported()
    {
        var error = await Assert.ThrowsAsync<TidemillException>(() => EmbeddedLog.OpenAsync(
            new MemoryFileSystem(), Folder, new EmbeddedLogOptions { SegmentBytes = 1, BatchBytes = 0 }, TimeProvider.System, default));

        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
        Assert.Equal(["log.segment_bytes", "log.batch_bytes"], error.ConfigErrors.Select(e => e.Path));
    }

    [Fact]
    public async Task A_cancelled_poll_ends_at_once()
    {
        await using var log = await OpenAsync(new MemoryFileSystem());
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [new(Partition, LogOffset.Zero)] });
        using var cancel = new CancellationTokenSource();
        var waiting = consumer.PollAsync(TimeSpan.FromSeconds(30), cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    private static long Earliest(MemoryFileSystem files) =>
        Segment.BaseOffsetOf(Path.GetFileName(files.Paths(Segment.FileSuffix)[0]), Segment.FileSuffix)!.Value;
}
