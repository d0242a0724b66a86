using System.Diagnostics;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Benchmarks;

/// <summary>A topic of its own, full of transactions, on the broker that TIDEMILL_TEST_KAFKA names; deleted at the end.</summary>
internal sealed class KafkaTopic : IAsyncDisposable
{
    private KafkaTopic(KafkaLog log) => Log = log;

    public KafkaLog Log { get; }

    public string Name { get; } = $"bench-{Guid.NewGuid():N}";

    /// <summary>Bytes a record.</summary>
    public double RecordBytes { get; private set; }

    public static async Task<KafkaTopic> CreateAsync(int records)
    {
        var topic = new KafkaTopic(await BenchLog.OpenKafkaAsync());
        topic.RecordBytes = await TransactionRecords.WriteAsync(topic.Log, topic.Name, records, partitions: 2);
        return topic;
    }

    /// <summary>The stream that reads this topic; without a key it appends.</summary>
    public StreamDefinition Stream(bool keyed)
    {
        var stream = TransactionRecords.Stream(
            "transactions", keyed ? Core.Warehouses.ConflictRule.Ignore : Core.Warehouses.ConflictRule.Append);
        var sink = (WarehouseSinkDefinition)stream.Sinks[0];
        return stream with { Source = new TopicSourceDefinition(Name), Sinks = [keyed ? sink : sink with { Key = [] }] };
    }

    /// <summary>How long kcat takes to read the topic to its end and throw the records away.</summary>
    public async Task<TimeSpan> KcatAsync()
    {
        var started = Stopwatch.GetTimestamp();
        using var kcat = Process.Start(
            new ProcessStartInfo("sh", ["-c", $"exec kcat -b {BenchLog.Brokers} -C -t {Name} -o beginning -e -q > /dev/null"]))!;
        await kcat.WaitForExitAsync();
        return kcat.ExitCode == 0
            ? Stopwatch.GetElapsedTime(started)
            : throw new InvalidOperationException($"kcat ended with {kcat.ExitCode}.");
    }

    /// <summary>Two of kcat copy the topic into another one.</summary>
    public async Task KcatAsync(string target)
    {
        using var kcat = Process.Start(new ProcessStartInfo(
            "bash", ["-c", $"set -o pipefail; kcat -b {BenchLog.Brokers} -C -t {Name} -o beginning -e -q | kcat -b {BenchLog.Brokers} "
                + $"-P -t {target} -z lz4"]))!;
        await kcat.WaitForExitAsync();
        if (kcat.ExitCode != 0)
            throw new InvalidOperationException($"kcat ended with {kcat.ExitCode}.");
    }

    public async ValueTask DisposeAsync()
    {
        await Log.DeleteTopicAsync(Name, default);
        await Log.DisposeAsync();
    }
}
