using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Recovery;
using Tidemill.Log.Segments;
using static Tidemill.Tests.Log.LogFixture;

namespace Tidemill.Tests.Log;

public sealed class RecoveryTests
{
    private const int Batches = 4;

    [Fact]
    public async Task A_closed_log_opens_with_all_its_records_and_goes_on_at_the_next_offset()
    {
        var files = await WrittenAsync(Batches);

        await using var log = await OpenAsync(files);

        Assert.Empty(log.Truncations);
        Assert.Equal(AllValues(Batches), await ReadAsync(log));
        Assert.Equal(2 * Batches, await AppendAsync(log, Acknowledgement.Durable, "more"));
    }

    [Fact]
    public async Task Flipping_any_byte_of_acknowledged_records_is_reported_with_file_and_position()
    {
        var files = await WrittenAsync(Batches);
        string path = LastSegment(files);
        byte[] whole = files.ReadAll(path);
        var starts = BatchStarts(whole);

        for (int i = 0; i < whole.Length; i++)
        {
            var damaged = Flip(files, path, i);

            var error = await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(damaged));

            Assert.Equal(ErrorCode.DataCorrupt, error.Code);
            Assert.Contains($"{path} at byte {starts.Last(s => s <= i)} ", error.Message, StringComparison.Ordinal);
            Assert.Equal(whole.Length, damaged.ReadAll(path).Length);
        }
    }

    [Fact]
    public async Task Cutting_acknowledged_records_at_any_byte_is_reported()
    {
        var files = await WrittenAsync(Batches);
        string path = LastSegment(files);
        byte[] whole = files.ReadAll(path);

        for (int length = 0; length < whole.Length; length++)
        {
            var cut = files.Kill();
            cut.Put(path, whole[..length]);

            Assert.Equal(ErrorCode.DataCorrupt, (await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(cut))).Code);
        }
    }

    [Fact]
    public async Task Without_the_mark_a_flip_is_reported_unless_it_hits_the_last_batch_which_is_cut_off_and_named()
    {
        var files = await WrittenAsync(Batches);
        string path = LastSegment(files);
        files.DeleteFile(files.Paths(DurableMark.FileName).Single());
        byte[] whole = files.ReadAll(path);
        int last = BatchStarts(whole)[^1];

        for (int i = 0; i < whole.Length; i++)
        {
            var damaged = Flip(files, path, i);
            if (i < last)
            {
                Assert.Equal(ErrorCode.DataCorrupt, (await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(damaged))).Code);
                continue;
            }

            await using var log = await OpenAsync(damaged);
            var truncation = Assert.Single(log.Truncations);
            Assert.Equal((last, whole.Length - last), (truncation.Position, truncation.Bytes));
            Assert.Equal(AllValues(Batches - 1), await ReadAsync(log));
        }
    }

    [Fact]
    public async Task An_append_torn_at_any_byte_is_cut_off_and_nothing_before_it()
    {
        var files = await WrittenAsync(Batches);
        string path = LastSegment(files);
        byte[] whole = files.ReadAll(path);
        byte[] longer = (await WrittenAsync(Batches + 1)).ReadAll(path);

        for (int length = whole.Length + 1; length < longer.Length; length++)
        {
            var torn = files.Kill();
            torn.Put(path, longer[..length]);

            await using var log = await OpenAsync(torn);

            Assert.Equal((whole.Length, length - whole.Length), (log.Truncations.Single().Position, log.Truncations.Single().Bytes));
            Assert.Equal(AllValues(Batches), await ReadAsync(log));
            Assert.Equal(2 * Batches, await AppendAsync(log, Acknowledgement.Durable, "more"));
            Assert.Equal([.. AllValues(Batches), "more"], await ReadAsync(log));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5000)]
    public async Task A_tail_of_zeros_is_cut_off(int zeros)
    {
        var files = await WrittenAsync(Batches);
        string path = LastSegment(files);
        files.Put(path, [.. files.ReadAll(path), .. new byte[zeros]]);

        await using var log = await OpenAsync(files);

        Assert.Equal(zeros, Assert.Single(log.Truncations).Bytes);
        Assert.Equal(AllValues(Batches), await ReadAsync(log));
    }

    [Fact]
    public async Task A_killed_process_loses_nothing_that_was_written()
    {
        var files = await WrittenAsync(Batches, Acknowledgement.Written, close: false);

        await using var log = await OpenAsync(files);

        Assert.Empty(log.Truncations);
        Assert.Equal(AllValues(Batches), await ReadAsync(log));
    }

    [Fact]
    public async Task Unflushed_batches_that_reached_the_disk_out_of_order_are_cut_off_from_the_first_missing_one()
    {
        var files = await WrittenAsync(Batches, Acknowledgement.Written, close: false);
        string path = LastSegment(files);
        int second = BatchStarts(files.ReadAll(path))[1];
        var torn = Flip(files, path, second + 20);

        await using var log = await OpenAsync(torn);

        Assert.Equal(second, Assert.Single(log.Truncations).Position);
        Assert.Equal(AllValues(1), await ReadAsync(log));
    }

    [Fact]
    public async Task A_flip_in_a_closed_segment_is_reported_when_it_is_read_and_no_wrong_record_is_returned()
    {
        var files = await SeveralSegmentsAsync();
        string path = files.Paths(Segment.FileSuffix)[0];
        var expected = await ReadAllAsync(files.Kill());

        for (int i = 0; i < files.ReadAll(path).Length; i += 7)
        {
            await using var log = await OpenAsync(Flip(files, path, i));
            await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [new(Partition, LogOffset.Zero)] });
            int read = 0;
            var error = await Assert.ThrowsAsync<TidemillException>(async () =>
            {
                while (await consumer.PollAsync(TimeSpan.Zero, default) is { } run)
                {
                    foreach (var record in run.Records) Assert.Equal(expected[read++], System.Text.Encoding.UTF8.GetString(record.Value));
                    run.Dispose();
                }
            });
            Assert.Equal(ErrorCode.DataCorrupt, error.Code);
            Assert.Contains(path, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_missing_or_shortened_segment_in_the_middle_is_reported()
    {
        var files = await SeveralSegmentsAsync();
        string middle = files.Paths(Segment.FileSuffix)[1];
        var missing = files.Kill();
        missing.DeleteFile(middle);
        var shorter = files.Kill();
        shorter.Put(middle, files.ReadAll(middle)[..^1]);

        Assert.Equal(ErrorCode.DataCorrupt, (await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(missing))).Code);
        Assert.Equal(ErrorCode.DataCorrupt, (await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(shorter))).Code);
    }

    [Fact]
    public async Task A_missing_last_segment_is_reported()
    {
        var files = await SeveralSegmentsAsync();
        files.DeleteFile(LastSegment(files));

        Assert.Equal(ErrorCode.DataCorrupt, (await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(files))).Code);
    }

    [Fact]
    public async Task Indexes_are_rebuilt_when_damaged_or_missing()
    {
        var files = await SeveralSegmentsAsync();
        var expected = await ReadAllAsync(files.Kill());
        string index = files.Paths(Segment.IndexSuffix)[0];
        byte[] content = files.ReadAll(index);
        var missing = files.Kill();
        missing.DeleteFile(index);
        Assert.Equal(expected, await ReadAllAsync(missing));
        Assert.Equal(content, missing.ReadAll(index));

        for (int i = 0; i < content.Length; i++)
        {
            var damaged = Flip(files, index, i);
            Assert.Equal(expected, await ReadAllAsync(damaged));
            Assert.Equal(content, damaged.ReadAll(index));
        }
    }

    [Fact]
    public async Task A_damaged_mark_is_no_reason_to_refuse_whole_records()
    {
        var files = await WrittenAsync(Batches);
        string mark = files.Paths(DurableMark.FileName).Single();

        for (int i = 0; i < files.ReadAll(mark).Length; i++)
            Assert.Equal(AllValues(Batches), await ReadAllAsync(Flip(files, mark, i)));
    }

    [Fact]
    public async Task Topic_metadata_that_is_damaged_or_lost_is_reported_and_no_record_is_swept_away()
    {
        var files = await WrittenAsync(Batches);
        string path = files.Paths("topic.json").Single();
        var cut = files.Kill();
        cut.Put(path, files.ReadAll(path)[..20]);
        var lost = files.Kill();
        lost.DeleteFile(path);

        Assert.Equal(ErrorCode.DataCorrupt, (await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(cut))).Code);
        Assert.Equal(ErrorCode.DataCorrupt, (await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(lost))).Code);
        Assert.Equal(files.ReadAll(LastSegment(files)), lost.ReadAll(LastSegment(lost)));
    }

    private static async Task<MemoryFileSystem> SeveralSegmentsAsync()
    {
        var files = await WrittenAsync(180);
        Assert.InRange(files.Paths(Segment.FileSuffix).Count, 3, 10);
        return files;
    }

    private static async Task<List<string>> ReadAllAsync(MemoryFileSystem files)
    {
        await using var log = await OpenAsync(files);
        return await ReadAsync(log);
    }

    private static string LastSegment(MemoryFileSystem files) => files.Paths(Segment.FileSuffix)[^1];

    private static MemoryFileSystem Flip(MemoryFileSystem files, string path, int position)
    {
        var damaged = files.Kill();
        byte[] content = files.ReadAll(path);
        content[position] ^= (byte)(1 << (position % 8));
        damaged.Put(path, content);
        return damaged;
    }

    private static List<int> BatchStarts(byte[] segment)
    {
        List<int> starts = [];
        for (int at = 0; BatchHeader.TryRead(segment.AsSpan(at), out var header); at += header.Length) starts.Add(at);
        return starts;
    }
}
