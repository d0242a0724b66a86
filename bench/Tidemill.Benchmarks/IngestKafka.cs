using System.Globalization;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>ingest-kafka [records] [rounds] [appended|keyed]</c>: Kafka -> decode -> DuckDB table, once appended and once by key
/// (each key once), against <c>kcat -C -e -q > /dev/null</c> reading the same topic. The broker comes from TIDEMILL_TEST_KAFKA.
/// </summary>
internal static class IngestKafka
{
    public static async Task<int> RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5_000_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        bool[] kinds = args.Length > 2 ? [args[2] == "keyed"] : [false, true];
        var folder = Directory.CreateTempSubdirectory("tidemill-ingest-").FullName;
        try
        {
            await using var topic = await KafkaTopic.CreateAsync(records);
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{records} records of {topic.RecordBytes:F0} bytes, 2 partitions, lz4"));
            for (var round = 1; round <= rounds; round++)
            {
                var kcat = await topic.KcatAsync();
                foreach (var keyed in kinds)
                {
                    await using var warehouse = await DuckDbWarehouse.OpenAsync(
                        Path.Combine(folder, $"{round}-{keyed}.duckdb"),
                        new WarehouseConnection { Threads = 2, MemoryLimit = 1_000_000_000 }, default);
                    var processor = Environment.CpuUsage.TotalTime;
                    var ours = await Ingest.StreamAsync(topic.Log, warehouse, records, topic.Stream(keyed));
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                        $"round {round}: kcat {kcat.TotalSeconds:F2} s, Kafka -> decode -> DuckDB {(keyed ? "by key" : "appended")} "
                            + $"{ours.Time.TotalSeconds:F2} s ({(Environment.CpuUsage.TotalTime - processor).TotalSeconds:F2} s of "
                            + $"processor), rate ratio {kcat / ours.Time:F2}, managed bytes allocated per record "
                            + $"{ours.AllocatedPerRecord:F1}, resident {Environment.WorkingSet >> 20} MiB"));
                }
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
