using System.Diagnostics;
using System.Globalization;
using Tidemill.Core.Logs;
using Tidemill.Log;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>log-append [MB] [FOLDER]</c>: appends to the embedded log against plain sequential writes of the same bytes with the
/// same fsync policy, in turns within one run, and reads them back from the page cache. Prints ratios (goal: at
/// least 0.60) and bytes allocated per record. Durable: an fsync a call. Written: files as large as the log's segments, an fsync
/// beside the writes whenever the log would begin one, and one before the next file; for comparison also without any fsync.
/// Measured once the runtime has compiled the code for good: the first few hundred calls of a process take up to twice as long.
/// </summary>
internal static class LogAppend
{
    private const int RecordBytes = 230;
    private const int Rounds = 3;
    private const string Topic = "bench";

    // The runtime optimises a method in the background, 100 ms after the last new one was called, and once more after that.
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(2);

    private static readonly EmbeddedLogOptions Options = new();

    public static async Task<int> RunAsync(string[] args)
    {
        long megabytes = args.Length > 0 ? long.Parse(args[0], CultureInfo.InvariantCulture) : 256;
        string parent = args.Length > 1 ? args[1] : Path.GetTempPath();
        string folder = Path.Combine(parent, $"tidemill-log-append-{Environment.ProcessId}");
        Directory.CreateDirectory(folder);
        try
        {
            await WarmUpAsync(folder);
            Console.WriteLine($"{megabytes} MB of {RecordBytes}-byte records, best of {Rounds} rounds each");
            foreach (var acknowledgement in new[] { Acknowledgement.Durable, Acknowledgement.Written })
            {
                foreach (int batch in new[] { 500, 5_000, 20_000 }) await CompareAsync(folder, megabytes << 20, batch, acknowledgement);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }

    private static async Task WarmUpAsync(string folder)
    {
        var records = Records(500);
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < WarmUp)
        {
            foreach (var flushing in Enum.GetValues<Flushing>()) await PlainWritesAsync(folder, 50, records.Length * RecordBytes, flushing);
            await LogRunAsync(folder, 50, records, Acknowledgement.Durable);
            await LogRunAsync(folder, 50, records, Acknowledgement.Written);
        }
    }

    private static async Task CompareAsync(string folder, long bytes, int batch, Acknowledgement acknowledgement)
    {
        bool durable = acknowledgement == Acknowledgement.Durable;

        // A durable call waits for the disk, so fewer bytes tell as much.
        if (durable) bytes = Math.Min(bytes, batch * (long)RecordBytes * 100);
        int calls = (int)Math.Max(1, bytes / (batch * RecordBytes));
        var records = Records(batch);
        double plain = 0, never = 0, log = 0, read = 0;
        double appendAllocated = 0, readAllocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            plain = Math.Max(
                plain, await PlainWritesAsync(folder, calls, batch * RecordBytes, durable ? Flushing.EachCall : Flushing.Beside));
            if (!durable) never = Math.Max(never, await PlainWritesAsync(folder, calls, batch * RecordBytes, Flushing.Never));
            var run = await LogRunAsync(folder, calls, records, acknowledgement);
            log = Math.Max(log, run.Append);
            read = Math.Max(read, run.Read);
            (appendAllocated, readAllocated) = (run.AppendAllocated, run.ReadAllocated);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{acknowledgement,-7} {batch,6} records a call: append {log,7:F0} MB/s, plain {plain,7:F0} MB/s, ratio "
                + $"{log / plain:F2}{(durable ? "" : $" (never flushed {never:F0} MB/s, {log / never:F2})")}; "
            + $"{appendAllocated:F2} B/record allocated | read {read:F0} MB/s, {read * 1e6 / RecordBytes / 1e6:F1} M records/s, "
            + $"{readAllocated:F2} B/record"));
    }

    private static async Task<double> PlainWritesAsync(string folder, int calls, int bytes, Flushing flushing)
    {
        string path = Path.Combine(folder, "plain");
        Directory.CreateDirectory(path);
        byte[] block = new byte[bytes];
        Random.Shared.NextBytes(block);
        long started = Stopwatch.GetTimestamp();
        var handle = File.OpenHandle(Path.Combine(path, "0"), FileMode.Create, FileAccess.Write);
        var beside = Task.CompletedTask;
        long position = 0, unflushed = 0;
        for (int i = 0; i < calls; i++)
        {
            if (flushing == Flushing.Beside && position + bytes > Options.SegmentBytes)
            {
                await beside;
                RandomAccess.FlushToDisk(handle);
                handle.Dispose();
                handle = File.OpenHandle(Path.Combine(path, $"{i}"), FileMode.Create, FileAccess.Write);
                position = unflushed = 0;
            }

            RandomAccess.Write(handle, block, position);
            position += bytes;
            unflushed += bytes;
            if (flushing == Flushing.EachCall) RandomAccess.FlushToDisk(handle);
            if (flushing != Flushing.Beside || unflushed < Options.FlushBytes || !beside.IsCompleted) continue;
            unflushed = 0;
            var file = handle;
            beside = Task.Run(() => RandomAccess.FlushToDisk(file));
        }

        double rate = Rate((long)calls * bytes, started);
        await beside;
        handle.Dispose();
        Directory.Delete(path, recursive: true);
        return rate;
    }

    private static async Task<(double Append, double Read, double AppendAllocated, double ReadAllocated)> LogRunAsync(
        string folder, int calls, ProducerRecord[] records, Acknowledgement acknowledgement)
    {
        string path = Path.Combine(folder, "log");
        long count = (long)calls * records.Length;
        double append, appendAllocated, read, readAllocated;
        await using (var log = await EmbeddedLog.OpenAsync(path, Options, TimeProvider.System, default))
        {
            await log.CreateTopicAsync(new TopicSpec(Topic), default);
            await using var producer = log.CreateProducer(new ProducerOptions { Acknowledgement = acknowledgement });
            long allocated = GC.GetTotalAllocatedBytes(precise: true);
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < calls; i++) await producer.ProduceAsync(Topic, records, default);
            append = Rate(count * RecordBytes, started);
            appendAllocated = Allocated(allocated, count);

            await ReadAsync(log, Math.Min(count, 200_000));
            allocated = GC.GetTotalAllocatedBytes(precise: true);
            started = Stopwatch.GetTimestamp();
            long bytes = await ReadAsync(log, count);
            read = Rate(bytes, started);
            readAllocated = Allocated(allocated, count);
        }

        Directory.Delete(path, recursive: true);
        return (append, read, appendAllocated, readAllocated);
    }

    private static async Task<long> ReadAsync(EmbeddedLog log, long count)
    {
        await using var consumer = log.CreateConsumer(
            new ConsumerOptions { Assignment = [new RecordPosition(new TopicPartition(Topic, 0), LogOffset.Zero)] });
        long records = 0, bytes = 0;
        while (records < count)
        {
            using var run = await consumer.PollAsync(TimeSpan.FromSeconds(10), default)
                ?? throw new InvalidOperationException("The log ended early.");
            records += run.Records.Length;
            bytes += run.Bytes;
        }

        return bytes;
    }

    private static ProducerRecord[] Records(int count)
    {
        var records = new ProducerRecord[count];
        var random = new Random(1);
        for (int i = 0; i < count; i++)
        {
            byte[] key = new byte[36];
            byte[] value = new byte[RecordBytes - key.Length];
            random.NextBytes(key);
            random.NextBytes(value);
            records[i] = new ProducerRecord { Key = key, Value = value };
        }

        return records;
    }

    private enum Flushing
    {
        EachCall,
        Beside,
        Never,
    }

    private static double Rate(long bytes, long started) => bytes / 1e6 / Stopwatch.GetElapsedTime(started).TotalSeconds;

    private static double Allocated(long before, long records) => (double)(GC.GetTotalAllocatedBytes(precise: true) - before) / records;
}
