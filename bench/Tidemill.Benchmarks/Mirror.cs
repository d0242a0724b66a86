using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.Topics;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>mirror [records] [rounds]</c>: a topic of two partitions passed on into another one, exactly once, against
/// <c>kcat -C -e | kcat -P</c> on the same topic, which keeps neither partitions nor transactions. The broker comes from
/// TIDEMILL_TEST_KAFKA.
/// </summary>
internal static class Mirror
{
    public static async Task<int> RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var folder = Directory.CreateTempSubdirectory("tidemill-mirror-").FullName;
        try
        {
            await using var topic = await KafkaTopic.CreateAsync(records);
            await using var warehouse = await DuckDbWarehouse.OpenAsync(
                Path.Combine(folder, "letters.duckdb"), new WarehouseConnection(), default);
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{records} records of {topic.RecordBytes:F0} bytes, 2 partitions, lz4"));
            for (var round = 1; round <= rounds; round++)
            {
                var kcat = await IntoAsync(topic, "kcat", target => topic.KcatAsync(target));
                var processor = Environment.CpuUsage.TotalTime;
                var allocated = GC.GetTotalAllocatedBytes();
                var ours = await IntoAsync(topic, $"mirror{round}", target => MirrorAsync(topic, warehouse, target));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"round {round}: kcat into kcat {kcat.TotalSeconds:F2} s, mirror {ours.TotalSeconds:F2} s "
                        + $"({(Environment.CpuUsage.TotalTime - processor).TotalSeconds:F2} s of processor), "
                        + $"{records / ours.TotalSeconds:F0} records/s, rate ratio {kcat / ours:F2}, managed bytes allocated per "
                        + $"record {(double)(GC.GetTotalAllocatedBytes() - allocated) / records:F0}"));
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Times the copying into a new topic.</summary>
    private static async Task<TimeSpan> IntoAsync(KafkaTopic source, string name, Func<string, Task> copy)
    {
        var target = $"{source.Name}-{name}";
        await source.Log.CreateTopicAsync(new TopicSpec(target) { Partitions = 2 }, default);
        try
        {
            var started = Stopwatch.GetTimestamp();
            await copy(target);
            return Stopwatch.GetElapsedTime(started);
        }
        finally
        {
            await source.Log.DeleteTopicAsync(target, default);
        }
    }

    private static async Task MirrorAsync(KafkaTopic topic, DuckDbWarehouse warehouse, string target)
    {
        var stream = new StreamDefinition
        {
            Name = target,
            File = "bench",
            Source = new TopicSourceDefinition(topic.Name),
            Sinks = [new TopicSinkDefinition(target, target)],
        };
        await warehouse.MigrateAsync(StreamTables.Set, default);
        var services = new StreamServices(
            "bench", topic.Log, warehouse, TimeProvider.System, NullLoggerFactory.Instance);
        await StreamCatchUp.RunAsync(services, stream, default);
    }
}
