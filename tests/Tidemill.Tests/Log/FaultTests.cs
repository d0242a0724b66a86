using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log;
using static Tidemill.Tests.Log.LogFixture;

namespace Tidemill.Tests.Log;

/// <summary>
/// Seeded runs of appends against a disk that fills up, fails and loses power: what was acknowledged is there
/// afterwards, in its place, and what was not is never seen before the crash.
/// </summary>
public sealed class FaultTests
{
    private const int Seeds = 50;

    [Fact]
    public async Task Acknowledged_records_survive_any_mixture_of_faults_kills_and_power_cuts()
    {
        int first = Environment.TickCount & 0xFFFF;
        int refused = 0;
        for (int seed = first; seed < first + Seeds; seed++)
        {
            try
            {
                refused += await RunAsync(new Random(seed));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"Seed {seed} failed."), error);
            }
        }

        Assert.True(refused > Seeds, "too few appends met a fault for this test to mean anything");
    }

    [Fact]
    public async Task A_full_disk_is_a_typed_error_and_appends_go_on_once_there_is_room()
    {
        var files = new MemoryFileSystem();
        await using var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        await AppendAsync(log, Acknowledgement.Durable, "before");

        files.BeforeWrite = (_, bytes) => bytes / 2;
        var error = await Assert.ThrowsAsync<TidemillException>(() => AppendAsync(log, Acknowledgement.Durable, "during"));
        files.BeforeWrite = null;

        Assert.Equal(ErrorCode.DiskFull, error.Code);
        Assert.Equal(1, await AppendAsync(log, Acknowledgement.Durable, "after"));
        Assert.Equal(["before", "after"], await ReadAsync(log));
    }

    [Fact]
    public async Task Appends_are_refused_while_a_failed_one_cannot_be_cut_off()
    {
        var files = new MemoryFileSystem();
        await using var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        await AppendAsync(log, Acknowledgement.Durable, "before");

        files.BeforeFlush = _ => throw MemoryFileSystem.DiskFailure;
        files.BeforeSetLength = _ => throw MemoryFileSystem.DiskFailure;
        Assert.Equal(
            ErrorCode.Unavailable,
            (await Assert.ThrowsAsync<TidemillException>(() => AppendAsync(log, Acknowledgement.Durable, "lost"))).Code);
        files.BeforeFlush = null;
        Assert.Equal(
            ErrorCode.Unavailable,
            (await Assert.ThrowsAsync<TidemillException>(() => AppendAsync(log, Acknowledgement.Written, "refused"))).Code);
        Assert.Equal(["before"], await ReadAsync(log));
        files.BeforeSetLength = null;

        Assert.Equal(1, await AppendAsync(log, Acknowledgement.Durable, "after"));
        Assert.Equal(["before", "after"], await ReadAsync(log));
    }

    [Fact]
    public async Task Written_records_are_written_again_after_a_failed_flush_dropped_them()
    {
        var files = new MemoryFileSystem();
        var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        await AppendAsync(log, Acknowledgement.Written, "written");
        files.BeforeFlush = _ => throw MemoryFileSystem.DiskFailure;
        await Assert.ThrowsAsync<TidemillException>(() => AppendAsync(log, Acknowledgement.Durable, "failed"));
        files.BeforeFlush = null;

        await AppendAsync(log, Acknowledgement.Durable, "durable");

        for (int seed = 0; seed < 20; seed++)
        {
            await using var after = await OpenAsync(files.CutPower(new Random(seed)));
            Assert.Equal(["written", "durable"], await ReadAsync(after));
        }
    }

    [Fact]
    public async Task A_crash_at_any_step_of_creating_a_topic_leaves_it_whole_or_absent()
    {
        for (int step = 1; step < 40; step++)
        {
            var files = new MemoryFileSystem();
            var log = await OpenAsync(files);
            int left = step;
            files.BeforeFlush = _ => { if (--left <= 0) throw MemoryFileSystem.DiskFailure; };
            files.BeforeWrite = (_, _) => --left <= 0 ? 3 : null;
            bool created = true;
            try
            {
                await log.CreateTopicAsync(new TopicSpec(Topic) { Partitions = 2 }, default);
            }
            catch (TidemillException)
            {
                created = false;
            }

            await using var after = await OpenAsync(files.CutPower(new Random(step)));
            var found = await after.DescribeTopicAsync(Topic, default);
            Assert.True(found is null ? !created : found.Partitions.Count == 2);
            Assert.Equal(2, (await after.CreateTopicAsync(new TopicSpec(Topic) { Partitions = 2 }, default)).Partitions.Count);
        }
    }

    // One life after another on the same files; returns how many appends failed.
    private static async Task<int> RunAsync(Random random)
    {
        var files = new MemoryFileSystem();
        Dictionary<long, string> mustBeThere = [];
        HashSet<string> tried = [];
        int failed = 0;
        for (int life = 0; life < 4; life++)
        {
            var log = await OpenAsync(files);
            await log.CreateTopicAsync(new TopicSpec(Topic), default);
            var found = await ReadAsync(log);
            CheckAfterCrash(mustBeThere, tried, found);

            // Whatever recovery kept has been flushed by it.
            mustBeThere = found.Select((value, offset) => (value, offset)).ToDictionary(v => (long)v.offset, v => v.value);
            var visible = new Dictionary<long, string>(mustBeThere);
            failed += await LiveAsync(log, files, random, life, tried, mustBeThere, visible);

            ClearFaults(files);
            Assert.Equal(visible.OrderBy(v => v.Key).Select(v => v.Value), await ReadAsync(log));
            if (random.Next(2) == 0)
            {
                files = files.Kill();
                mustBeThere = visible;
            }
            else
            {
                files = files.CutPower(random);
            }
        }

        return failed;
    }

    private static async Task<int> LiveAsync(
        EmbeddedLog log, MemoryFileSystem files, Random random, int life,
        HashSet<string> tried, Dictionary<long, string> durable, Dictionary<long, string> visible)
    {
        int failed = 0;
        for (int call = 0; call < 30; call++)
        {
            SetFaults(files, random);
            List<Task<(long Offset, bool Durable, string[] Values)?>> calls = [];
            for (int i = random.Next(1, 4); i > 0; i--)
            {
                // Small enough for one batch: a call of several may fail with some of its records appended.
                string[] values =
                    [.. Enumerable.Range(0, random.Next(1, 5)).Select(r => $"{life}.{call}.{i}.{r} " + new string('x', random.Next(190)))];
                tried.UnionWith(values);
                calls.Add(TryAppendAsync(log, random.Next(2) == 0, values));
            }

            foreach (var outcome in await Task.WhenAll(calls))
            {
                if (outcome is not { } done)
                {
                    failed++;
                    continue;
                }

                for (int r = 0; r < done.Values.Length; r++) visible.Add(done.Offset + r, done.Values[r]);
            }

            foreach (var (offset, isDurable, values) in calls.Select(c => c.GetAwaiter().GetResult()).OfType<(long, bool, string[])>())
            {
                // A durable record makes all before it durable too.
                if (isDurable) foreach (var (at, value) in visible.Where(v => v.Key < offset + values.Length)) durable[at] = value;
            }

            if (random.Next(5) == 0) TryFlush(log, visible, durable);
        }

        return failed;
    }

    private static async Task<(long, bool, string[])?> TryAppendAsync(EmbeddedLog log, bool durable, string[] values)
    {
        try
        {
            return (await AppendAsync(log, durable ? Acknowledgement.Durable : Acknowledgement.Written, values), durable, values);
        }
        catch (TidemillException error)
        {
            Assert.Contains(error.Code, new[] { ErrorCode.DiskFull, ErrorCode.Unavailable });
            return null;
        }
    }

    private static void TryFlush(EmbeddedLog log, Dictionary<long, string> visible, Dictionary<long, string> durable)
    {
        var partition = log.Partition(Partition);
        try
        {
            partition.Flush();
        }
        catch (IOException)
        {
            // The next append mends it.
        }

        foreach (var (offset, value) in visible.Where(v => v.Key < partition.DurableOffset)) durable[offset] = value;
    }

    private static void CheckAfterCrash(Dictionary<long, string> mustBeThere, HashSet<string> tried, List<string> found)
    {
        foreach (var (offset, value) in mustBeThere)
        {
            Assert.True(offset < found.Count, $"acknowledged offset {offset} is gone; the log ends at {found.Count}");
            Assert.Equal(value, found[(int)offset]);
        }

        Assert.All(found, v => Assert.Contains(v, tried));
        Assert.Equal(found.Count, found.Distinct().Count());
    }

    private static void SetFaults(MemoryFileSystem files, Random random)
    {
        ClearFaults(files);
        int chosen = random.Next(6);
        int writes = random.Next(3), flushes = random.Next(3), lengths = random.Next(2);
        int part = random.Next(200);
        if (chosen is 0 or 2) files.BeforeWrite = (_, bytes) => writes-- <= 0 ? Math.Min(part, bytes) : null;
        if (chosen is 1 or 2) files.BeforeFlush = _ => { if (flushes-- <= 0) throw MemoryFileSystem.DiskFailure; };
        if (chosen is 2) files.BeforeSetLength = _ => { if (lengths-- <= 0) throw MemoryFileSystem.DiskFailure; };
    }

    private static void ClearFaults(MemoryFileSystem files)
    {
        files.BeforeWrite = null;
        files.BeforeFlush = null;
        files.BeforeSetLength = null;
    }
}
