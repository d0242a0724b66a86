using System.Diagnostics;
using System.Globalization;
using Tidemill.Connectors.Postgres;
using Tidemill.Core.Warehouses;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>scale-out [records] [rounds] [share] [hashes]</c>: Kafka -> decode -> PostgreSQL table with a primary key by one
/// <c>tidemill worker</c> and by two that share the topic's two partitions. Timed from the first to the last tenth, so that
/// starting and joining the group are left out. With a share, each worker gets that percentage of a core and no more (Debian's
/// cpulimit), as on a machine of its own, while the servers take what they need. With hashes, the stream's transform works out
/// so many SHA-256 of each record, so that the workers and not PostgreSQL set the rate. Servers come from TIDEMILL_TEST_KAFKA
/// and TIDEMILL_TEST_POSTGRES; the program must be built.
/// </summary>
internal static class ScaleOut
{
    private const double Skipped = 0.1;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    public static async Task<int> RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 2_000_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2;
        var share = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : (int?)null;
        var hashes = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 0;
        await using var topic = await KafkaTopic.CreateAsync(records);
        await using var warehouse = await PostgresWarehouse.OpenAsync(PostgresWrite.Connection(PostgresWrite.Settings()), default);
        for (var round = 1; round <= rounds; round++)
        {
            var one = await RateAsync(topic, warehouse, records, workers: 1, share, hashes);
            var two = await RateAsync(topic, warehouse, records, workers: 2, share, hashes);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"round {round}: one worker {one:N0} records/s, two {two:N0}, ratio {two / one:F2}, "
                    + $"{(share is null ? "" : $"each worker with {share} % of a core, ")}{(hashes == 0 ? "" : $"{hashes} hashes a record, ")}on {Environment.ProcessorCount} cores with both servers"));
        }

        return 0;
    }

    /// <summary>Records a second between the first and the last tenth.</summary>
    private static async Task<double> RateAsync(
        KafkaTopic topic, PostgresWarehouse warehouse, int records, int workers, int? share, int hashes)
    {
        var name = $"scale_{Guid.NewGuid():N}";
        var folder = Directory.CreateTempSubdirectory("tidemill-scale-").FullName;
        var running = new List<Process>();
        try
        {
            WriteProject(folder, name, topic.Name, hashes);
            running.AddRange(Enumerable.Range(1, workers).Select(n => Start(folder, $"w{n}", share)));
            var first = await ReachAsync(warehouse, name, (long)(records * Skipped), running);
            var last = await ReachAsync(warehouse, name, (long)(records * (1 - Skipped)), running);
            return (last.Records - first.Records) / Stopwatch.GetElapsedTime(first.At, last.At).TotalSeconds;
        }
        finally
        {
            running.ForEach(worker => worker.Kill(entireProcessTree: true));
            foreach (var worker in running)
            {
                await worker.WaitForExitAsync();
                worker.Dispose();
            }

            await warehouse.ExecuteAsync($"DROP TABLE IF EXISTS {name}", [], default);
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>When the checkpoints first stand at so many records, and at how many they then stand.</summary>
    private static async Task<(long Records, long At)> ReachAsync(
        PostgresWarehouse warehouse, string stream, long records, List<Process> running)
    {
        while (true)
        {
            var held = (await warehouse.ReadCheckpointsAsync(new CheckpointOwner(stream, stream), default)).Values.Sum(
                offset => offset.Value);
            var at = Stopwatch.GetTimestamp();
            if (held >= records)
                return (held, at);

            if (running.Find(worker => worker.HasExited) is { } ended)
                throw new InvalidOperationException($"A worker ended with {ended.ExitCode}.");

            await Task.Delay(Look);
        }
    }

    private static void WriteProject(string folder, string name, string topic, int hashes)
    {
        var postgres = PostgresWrite.Settings();
        File.WriteAllText(Path.Combine(folder, "tidemill.yaml"), $$"""
            name: {{name}}
            default_target: bench
            targets:
              bench:
                log: { type: kafka, bootstrap_servers: "{{BenchLog.Brokers}}" }
                warehouse: { type: postgres, host: "{{postgres.Host}}", port: {{postgres.Port}}, user: "{{postgres.Username}}", password: "{{postgres.Password}}", database: "{{postgres.Database}}" }

            """);
        Directory.CreateDirectory(Path.Combine(folder, "streams"));
        File.WriteAllText(Path.Combine(folder, "streams", $"{name}.yaml"), $$"""
            source: { topic: {{topic}}, start: earliest }
            decode:
              fields:
                transaction_id: { type: uuid, required: true }
                user_id: { type: uuid, required: true }
                amount: { type: "decimal(18,2)", required: true }
                currency: { type: text, required: true }
                status: { type: text, required: true }
                event_time: { type: timestamp, required: true }
            transform: SELECT * REPLACE ({{Hashed("status", hashes)}} AS status) FROM batch
            batch: { max_records: 20000 }
            sinks:
              - warehouse: { table: {{name}}, on_conflict: ignore, key: [transaction_id] }

            """);
    }

    private static string Hashed(string column, int times) =>
        times == 0 ? column : $"sha256({Hashed($"concat({column}, transaction_id)", times - 1)})";

    private static Process Start(string folder, string worker, int? share)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "../../Tidemill.Cli/release/tidemill.dll");
        string[] command = ["dotnet", program, "worker", "--project", folder, "--name", worker, "--port", "0"];
        if (share is { } percent)
            command = ["cpulimit", "--foreground", "--limit", percent.ToString(CultureInfo.InvariantCulture), "--", .. command];

        return Process.Start(new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardInput = true,
        })!;
    }
}
