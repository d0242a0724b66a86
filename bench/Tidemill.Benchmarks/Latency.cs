using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.Postgres;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>latency embedded|kafka duckdb|postgres [records/s] [seconds] [max wait in ms...]</c>: time from the call that produces a
/// record to the moment when another session sees the checkpoint that was committed with its row. Records are produced
/// in pieces of 10 ms; the checkpoint is looked at every 2 ms, so that figures are up to that too high.
/// </summary>
internal static class Latency
{
    private const int Partitions = 2;
    private static readonly TimeSpan Piece = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(2);
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(string[] args)
    {
        var kafka = args.Length > 0 && args[0] == "kafka";
        var postgres = args.Length > 1 && args[1] == "postgres";
        var rate = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 10_000;
        var seconds = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 20;
        int[] waits = args.Length > 4 ? [.. args.Skip(4).Select(a => int.Parse(a, CultureInfo.InvariantCulture))] : [10, 50, 200];
        Console.WriteLine($"{(kafka ? "Kafka" : "embedded log")} -> decode -> {(postgres ? "PostgreSQL" : "DuckDB")}, {rate} "
            + $"records/s, {seconds} s each");
        foreach (var wait in waits)
        {
            var folder = Directory.CreateTempSubdirectory("tidemill-latency-").FullName;
            try
            {
                await using var log = await BenchLog.OpenAsync(kafka, folder);
                await using var warehouse = await OpenWarehouseAsync(postgres, folder);
                var run = await RunAsync(log, warehouse, rate, TimeSpan.FromSeconds(seconds), TimeSpan.FromMilliseconds(wait));
                run.Sort();
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"max_wait {wait,3} ms: p50 {Rank(run, 0.5):F0} ms, p90 {Rank(run, 0.9):F0} ms, p99 {Rank(run, 0.99):F0} ms, max "
                        + $"{run[^1]:F0} ms, {run.Count} pieces of records"));
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }

        return 0;
    }

    private static async Task<IWarehouse> OpenWarehouseAsync(bool postgres, string folder) => postgres
        ? await PostgresWarehouse.OpenAsync(PostgresWrite.Connection(PostgresWrite.Settings()), default)
        : await DuckDbWarehouse.OpenAsync(Path.Combine(folder, "latency.duckdb"), new WarehouseConnection(), default);

    private static async Task<List<double>> RunAsync(ILog log, IWarehouse warehouse, int rate, TimeSpan time, TimeSpan maxWait)
    {
        var topic = $"latency-{Guid.NewGuid():N}";
        var table = $"latency_{Guid.NewGuid():N}";
        await log.CreateTopicAsync(new TopicSpec(topic) { Partitions = Partitions }, default);
        var stream = TransactionRecords.Stream(table, ConflictRule.Ignore) with
        {
            Source = new TopicSourceDefinition(topic),
            Batch = new BatchDefinition { MaxWait = maxWait },
        };
        await warehouse.MigrateAsync(StreamTables.Set, default);
        var services = new StreamServices(
            "bench", log, warehouse, TimeProvider.System, NullLoggerFactory.Instance);
        using var stop = new CancellationTokenSource();
        var running = new StreamSupervisor(services, [stream]).RunAsync(stop.Token);
        var produced = new List<(RecordPosition Last, long At)>();
        var seen = new List<double>();
        var watching = WatchAsync(warehouse, new CheckpointOwner(table, table), produced, seen, stop.Token);
        await ProduceAsync(log, topic, rate, WarmUp + time, produced);
        while (seen.Count < Count(produced))
            await Task.Delay(Piece);

        await stop.CancelAsync();
        await Task.WhenAll(running, watching);
        await warehouse.ExecuteAsync($"DROP TABLE {table}", [], default);
        return [.. seen.Skip((int)(WarmUp / Piece))];
    }

    private static async Task ProduceAsync(ILog log, string topic, int rate, TimeSpan time, List<(RecordPosition Last, long At)> produced)
    {
        await using var producer = log.CreateProducer(new ProducerOptions());
        var random = new Random(3);
        var perPiece = (int)(rate * Piece.TotalSeconds);
        var started = Stopwatch.GetTimestamp();
        var writes = new List<Task>();
        for (var piece = 0; Stopwatch.GetElapsedTime(started) < time; piece++)
        {
            var due = (piece * Piece) - Stopwatch.GetElapsedTime(started);
            if (due > TimeSpan.Zero)
                await Task.Delay(due);

            var records = Enumerable.Range(0, perPiece)
                .Select(n => new ProducerRecord { Value = TransactionRecords.Json(random, n), Partition = piece % Partitions }).ToList();
            writes.Add(WriteAsync(records, Stopwatch.GetTimestamp()));
        }

        await Task.WhenAll(writes);

        async Task WriteAsync(List<ProducerRecord> records, long at)
        {
            var positions = await producer.ProduceAsync(topic, records, default);
            lock (produced)
                produced.Add((positions[^1], at));
        }
    }

    /// <summary>Looks at the checkpoint from a session of its own, and notes how old each piece is when it is first seen there.</summary>
    private static async Task WatchAsync(
        IWarehouse warehouse,
        CheckpointOwner owner, List<(RecordPosition Last, long At)> produced, List<double> seen, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Look);
        var open = new List<(RecordPosition Last, long At)>();
        var taken = 0;
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                var held = await warehouse.ReadCheckpointsAsync(owner, stop);
                var now = Stopwatch.GetTimestamp();
                lock (produced)
                {
                    open.AddRange(produced.Skip(taken));
                    taken = produced.Count;
                }

                foreach (var piece in open.Where(p => held.GetValueOrDefault(p.Last.Partition) > p.Last.Offset).ToList())
                {
                    seen.Add(Stopwatch.GetElapsedTime(piece.At, now).TotalMilliseconds);
                    open.Remove(piece);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // All pieces were seen.
        }
    }

    private static int Count(List<(RecordPosition Last, long At)> produced)
    {
        lock (produced)
            return produced.Count;
    }

    private static double Rank(List<double> sorted, double quantile) => sorted[(int)Math.Min(sorted.Count - 1, quantile * sorted.Count)];
}
