using System.Globalization;
using System.Text;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log;
using static Tidemill.Tests.Log.LogFixture;

namespace Tidemill.Tests.Log;

/// <summary>
/// A checkpointed producer against every crash: whichever write or flush is the last one, each record of the source has its
/// record in the target exactly once, and the position says how far that is.
/// </summary>
public sealed class CheckpointFaultTests
{
    private const int Calls = 4;
    private static readonly TopicPartition Source = new("source", 0);
    private static readonly ProducerOwner Owner = new("p", "s", "k");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_after_any_write_or_flush_leaves_every_record_there_once(bool powerCut)
    {
        int steps = await CountStepsAsync();
        Assert.True(steps > 20, "the calls made too few writes and flushes for this test to mean anything");
        for (int step = 0; step < steps; step++)
        {
            for (int seed = 0; seed < (powerCut ? 5 : 1); seed++)
            {
                try
                {
                    await CrashAsync(step, powerCut ? new Random((step * 31) + seed) : null);
                }
                catch (Exception error)
                {
                    throw new InvalidOperationException(
                        string.Create(CultureInfo.InvariantCulture, $"Crash at step {step}, seed {seed}."), error);
                }
            }
        }
    }

    [Fact]
    public async Task A_failed_step_is_made_up_for_by_the_same_session()
    {
        int steps = await CountStepsAsync();
        for (int step = 0; step < steps; step++)
        {
            var files = new MemoryFileSystem();
            await using var log = await OpenWithTopicAsync(files);
            await using var producer = log.CreateCheckpointedProducer(Owner);
            int left = step;
            files.BeforeWrite = (_, bytes) => left-- == 0 ? bytes / 2 : null;
            files.BeforeFlush = _ => { if (left-- == 0) throw MemoryFileSystem.DiskFailure; };
            await RunAsync(producer);
            files.BeforeWrite = null;
            files.BeforeFlush = null;
            await RunAsync(producer);
            await CheckAsync(log, producer);
        }
    }

    [Fact]
    public async Task A_damaged_checkpoint_is_reported_on_opening()
    {
        var files = new MemoryFileSystem();
        await using (var log = await OpenWithTopicAsync(files))
            await RunAsync(log.CreateCheckpointedProducer(Owner));

        files = files.Kill();
        string path = Assert.Single(files.Paths(".checkpoint"));
        byte[] content = files.ReadAll(path);
        content[^3] ^= 1;
        files.Put(path, content);

        var error = await Assert.ThrowsAsync<TidemillException>(() => OpenAsync(files));
        Assert.Equal(ErrorCode.DataCorrupt, error.Code);
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
    }

    private static async Task<int> CountStepsAsync()
    {
        var files = new MemoryFileSystem();
        await using var log = await OpenWithTopicAsync(files);
        int steps = 0;
        files.BeforeWrite = (_, _) =>
        {
            steps++;
            return null;
        };
        files.BeforeFlush = _ => steps++;
        Assert.Equal(Calls, await RunAsync(log.CreateCheckpointedProducer(Owner)));
        return steps;
    }

    /// <summary>Lives until the step, dies there, and lives again; sometimes that life ends early too.</summary>
    private static async Task CrashAsync(int step, Random? power)
    {
        var files = new MemoryFileSystem();
        var log = await OpenWithTopicAsync(files);
        var after = await LiveAsync(files, log.CreateCheckpointedProducer(Owner), step, power);
        if (power is not null && power.Next(2) == 0)
        {
            int second = power.Next(12);
            after = await LiveAsync(after, null, second, power);
        }

        await using var reopened = await OpenAsync(after);
        await using var producer = reopened.CreateCheckpointedProducer(Owner);
        await RunAsync(producer);
        await CheckAsync(reopened, producer);
    }

    private static async Task<MemoryFileSystem> LiveAsync(MemoryFileSystem files, ICheckpointedProducer? producer, int step, Random? power)
    {
        MemoryFileSystem? after = null;
        void Step()
        {
            if (step-- == 0) after = power is null ? files.Kill() : files.CutPower(power);
            // Nothing that happens after the crash counts.
            if (after is not null) throw MemoryFileSystem.DiskFailure;
        }

        files.BeforeWrite = (_, _) =>
        {
            Step();
            return null;
        };
        files.BeforeFlush = _ => Step();
        try
        {
            await RunAsync(producer ?? (await OpenAsync(files)).CreateCheckpointedProducer(Owner));
        }
        catch (TidemillException)
        {
            // The crash came while opening.
        }

        return after ?? (power is null ? files.Kill() : files.CutPower(power));
    }

    private static async Task<EmbeddedLog> OpenWithTopicAsync(MemoryFileSystem files)
    {
        var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic) { Partitions = 2 }, default);
        return log;
    }

    /// <summary>Goes on from the position to the end of the source; stops at an error. Returns calls that were acknowledged.</summary>
    private static async Task<int> RunAsync(ICheckpointedProducer producer)
    {
        int done = 0;
        try
        {
            long next = (await producer.ReadPositionsAsync(default)).GetValueOrDefault(Source).Value;
            for (; next < Calls; next++, done++)
            {
                // More than a batch's bytes in each partition, so that a part of a call can be on disk.
                ProducerRecord[] records = [.. Enumerable.Range(0, 12).Select(i => Record(next, i))];
                await producer.ProduceAsync(Topic, records, new OffsetRange(Source, new LogOffset(next), new LogOffset(next + 1)), default);
            }
        }
        catch (TidemillException error)
        {
            Assert.Contains(error.Code, new[] { ErrorCode.DiskFull, ErrorCode.Unavailable });
        }

        return done;
    }

    private static ProducerRecord Record(long call, int index) => new()
    {
        Partition = index % 2,
        Value = Encoding.UTF8.GetBytes(Value(call, index)),
    };

    private static string Value(long call, int index) =>
        string.Create(CultureInfo.InvariantCulture, $"{call}.{index} {new string('x', 150)}");

    private static async Task CheckAsync(EmbeddedLog log, ICheckpointedProducer producer)
    {
        Assert.Equal(new LogOffset(Calls), (await producer.ReadPositionsAsync(default))[Source]);
        for (int partition = 0; partition < 2; partition++)
        {
            int own = partition;
            var expected = Enumerable.Range(0, Calls)
                .SelectMany(c => Enumerable.Range(0, 12).Where(i => i % 2 == own).Select(i => Value(c, i)));
            Assert.Equal(expected, await ReadAsync(log, 0, partition));
        }
    }
}
