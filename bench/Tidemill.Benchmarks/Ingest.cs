using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using Tidemill.Log;
using Tidemill.Streaming;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>ingest [records]</c>: log -> decode -> DuckDB table in which each key stands once, against DuckDB's own read_json of the same records
/// from a file into a table whose primary key sees to that, with the same threads and memory limit. Tidemill's warehouse does not keep
/// insertion order, so read_json is measured both ways, and also into a table without any key.
/// </summary>
internal static class Ingest
{
    private const int Threads = 2;
    private const int MemoryBytes = 1_000_000_000;

    public static async Task<int> RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5_000_000;
        var folder = Directory.CreateTempSubdirectory("tidemill-ingest-").FullName;
        try
        {
            await using var log = await EmbeddedLog.OpenAsync(
                Path.Combine(folder, "log"), new EmbeddedLogOptions(), TimeProvider.System, default);
            var file = Path.Combine(folder, "records.ndjson");
            var size = await TransactionRecords.WriteWithFileAsync(log, file, records, partitions: 2);
            Console.WriteLine($"{records} records of {size:F0} bytes, {Threads} threads, each transaction_id once");
            foreach (var run in new[] { 1, 2 })
            {
                var baseline = ReadJson(Path.Combine(folder, $"baseline{run}.duckdb"), file, keyed: true, keepOrder: true);
                var unordered = ReadJson(Path.Combine(folder, $"unordered{run}.duckdb"), file, keyed: true, keepOrder: false);
                var keyless = ReadJson(Path.Combine(folder, $"keyless{run}.duckdb"), file, keyed: false, keepOrder: false);
                var ours = await StreamAsync(log, Path.Combine(folder, $"stream{run}.duckdb"), records);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"run {run}: read_json {baseline.TotalSeconds:F2} s (order not kept: {unordered.TotalSeconds:F2} s), log -> decode "
                        + $"-> DuckDB {ours.Time.TotalSeconds:F2} s, rate ratio {baseline / ours.Time:F2} (order not kept: "
                        + $"{unordered / ours.Time:F2}; nor any key: {keyless / ours.Time:F2}), managed bytes allocated per record "
                        + $"{ours.AllocatedPerRecord:F1}"));
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static TimeSpan ReadJson(string path, string file, bool keyed, bool keepOrder)
    {
        using var database = DuckDbDatabase.Open(path, new Dictionary<string, string>
        {
            ["threads"] = Threads.ToString(CultureInfo.InvariantCulture),
            ["memory_limit"] = $"{MemoryBytes}B",
            ["preserve_insertion_order"] = keepOrder ? "true" : "false",
        });
        using var connection = database.Connect();
        connection.Execute($"CREATE TABLE transactions ({TransactionRecords.Columns}{(keyed ? ", PRIMARY KEY (transaction_id)" : "")})");
        var columns = TransactionRecords.Columns.Split(", ").Select(c => c.Split(' ', 2)).Select(c => $"{c[0]}: '{c[1]}'");
        var started = Stopwatch.GetTimestamp();
        connection.Execute(
            $"INSERT INTO transactions SELECT * FROM read_json({SqlName.Literal(file)}, format = 'newline_delimited', columns = "
                + $"{{{string.Join(", ", columns)}}})");
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<(TimeSpan Time, double AllocatedPerRecord)> StreamAsync(EmbeddedLog log, string path, int records)
    {
        await using var warehouse = await DuckDbWarehouse.OpenAsync(
            path, new WarehouseConnection { Threads = Threads, MemoryLimit = MemoryBytes }, default);
        return await StreamAsync(log, warehouse, records);
    }

    /// <summary>Streams the topic into an empty table and checks that every record is a row.</summary>
    public static async Task<(TimeSpan Time, double AllocatedPerRecord)> StreamAsync(
        ILog log, IWarehouse warehouse, int records, StreamDefinition? stream = null)
    {
        await warehouse.MigrateAsync(StreamTables.Set, default);
        var services = new StreamServices(
            "bench", log, warehouse, TimeProvider.System, NullLoggerFactory.Instance);
        var allocated = GC.GetTotalAllocatedBytes();
        var started = Stopwatch.GetTimestamp();
        await StreamCatchUp.RunAsync(services, stream ?? TransactionRecords.Stream("transactions", ConflictRule.Ignore), default);
        var time = Stopwatch.GetElapsedTime(started);
        var perRecord = (double)(GC.GetTotalAllocatedBytes() - allocated) / records;
        await using var count = await warehouse.QueryAsync("SELECT count(*) FROM transactions", [], readOnly: true, default);
        await foreach (var row in count.ReadRowsAsync(default))
        {
            if ((long)row[0]! != records)
                throw new InvalidOperationException($"The table holds {row[0]} of {records} rows.");
        }

        return (time, perRecord);
    }
}
