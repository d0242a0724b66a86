using System.Text;
using Tidemill.Core.Logs;
using Tidemill.Log;

namespace Tidemill.Tests.Log;

/// <summary>Opening, filling and reading small logs in memory.</summary>
internal static class LogFixture
{
    public const string Folder = "/log";
    public const string Topic = "t";

    public static readonly TopicPartition Partition = new(Topic, 0);

    /// <summary>Background work never comes by itself: tests call for it.</summary>
    public static readonly EmbeddedLogOptions Options = new()
    {
        SegmentBytes = 4096,
        BatchBytes = 1024,
        IndexIntervalBytes = 256,
        FlushInterval = TimeSpan.FromDays(1),
        RetentionInterval = TimeSpan.FromDays(1),
    };

    public static Task<EmbeddedLog> OpenAsync(MemoryFileSystem files, EmbeddedLogOptions? options = null, TimeProvider? time = null) =>
        EmbeddedLog.OpenAsync(files, Folder, options ?? Options, time ?? TimeProvider.System, default);

    public static async Task<long> AppendAsync(
        EmbeddedLog log, Acknowledgement acknowledgement, params string[] values)
    {
        await using var producer = log.CreateProducer(new ProducerOptions { Acknowledgement = acknowledgement });
        var positions = await producer.ProduceAsync(
            Topic, [.. values.Select(v => new ProducerRecord { Value = Encoding.UTF8.GetBytes(v) })], default);
        return positions[0].Offset.Value;
    }

    /// <summary>All values from an offset to the end.</summary>
    public static async Task<List<string>> ReadAsync(EmbeddedLog log, long from = 0, int partition = 0)
    {
        var start = new RecordPosition(new TopicPartition(Topic, partition), new LogOffset(from));
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [start] });
        List<string> values = [];
        while (await consumer.PollAsync(TimeSpan.Zero, default) is { } run)
        {
            foreach (var record in run.Records)
            {
                Assert.Equal(from + values.Count, record.Offset);
                values.Add(Encoding.UTF8.GetString(record.Value));
            }

            run.Dispose();
        }

        return values;
    }

    /// <summary>A cleanly closed log of one topic with one batch of two records for each of the counted appends.</summary>
    public static async Task<MemoryFileSystem> WrittenAsync(
        int batches, Acknowledgement acknowledgement = Acknowledgement.Durable, bool close = true)
    {
        var files = new MemoryFileSystem();
        var log = await OpenAsync(files);
        await log.CreateTopicAsync(new TopicSpec(Topic), default);
        for (int i = 0; i < batches; i++) await AppendAsync(log, acknowledgement, Values(i));
        if (close) await log.DisposeAsync();
        return files.Kill();
    }

    public static string[] Values(int batch) => [$"first of {batch}", $"second of {batch}"];

    public static List<string> AllValues(int batches) => [.. Enumerable.Range(0, batches).SelectMany(Values)];
}
