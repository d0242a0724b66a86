using System.Diagnostics;
using System.Globalization;
using Tidemill.DuckDb;
using Tidemill.Streaming.Decoding;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>decode-load [RECORDS] [THREADS] [ROUNDS] [SETTING=VALUE...]</c>: records in memory, decoded batch by batch and inserted into a DuckDB
/// table on disk, against DuckDB's own read_json of the same records from a file into the same table with the same threads.
/// </summary>
internal static class DecodeLoad
{
    private const string Table =
        "CREATE OR REPLACE TABLE t (transaction_id UUID, user_id UUID, amount DECIMAL(18,2), currency VARCHAR, status VARCHAR, "
            + "event_time TIMESTAMP)";

    public static void Run(string[] args)
    {
        var count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 2;
        var rounds = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 3;
        var settings = args.Skip(3).Select(arg => arg.Split('=', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
        settings["threads"] = threads.ToString(CultureInfo.InvariantCulture);
        var folder = Directory.CreateTempSubdirectory("tidemill-bench");
        try
        {
            Run(folder.FullName, count, settings, rounds);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Run(string folder, int count, Dictionary<string, string> settings, int rounds)
    {
        using var records = new Transactions(count);
        var file = Path.Combine(folder, "records.json");
        records.WriteLines(file);
        var threads = int.Parse(settings["threads"], CultureInfo.InvariantCulture);
        using var database = DuckDbDatabase.Open(Path.Combine(folder, "bench.duckdb"), settings);
        using var connection = database.Connect();
        using var decoder = new BatchDecoder(Transactions.Definition, threads: threads);
        using var chunk = new JsonDecoder(Transactions.Definition).CreateWriter();
        using var scan = connection.RegisterScan("decoded", [.. decoder.Schema.Fields.Select(f => f.Name)], [.. chunk.Chunk.Types]);
        double ours = double.MaxValue, theirs = double.MaxValue;
        for (var round = 0; round < rounds; round++)
        {
            theirs = Math.Min(theirs, Measure(connection, count, () => connection.Execute(
                $$"""
                INSERT INTO t SELECT * FROM read_json('{{file}}', format = 'newline_delimited', columns = {transaction_id: 'UUID',
                user_id: 'UUID', amount: 'DECIMAL(18,2)', currency: 'VARCHAR', status: 'VARCHAR', event_time: 'TIMESTAMP'})
                """)));
            ours = Math.Min(ours, Measure(connection, count, () =>
            {
                connection.Begin();
                foreach (var part in records.Batches)
                {
                    using var batch = decoder.Decode(part, CancellationToken.None);
                    scan.Set(batch.Chunks);
                    connection.Execute("INSERT INTO t SELECT * FROM decoded");
                }

                connection.Commit();
            }));
        }

        Console.WriteLine(
            $"decode-load: {count:N0} records of {(double)records.Bytes / count:0} bytes, {threads} threads, best of {rounds} rounds");
        Console.WriteLine($"  DuckDB read_json            {count / theirs / 1e6,6:0.00} M records/s  ratio 1.00");
        Console.WriteLine($"  JsonDecoder, INSERT SELECT  {count / ours / 1e6,6:0.00} M records/s  ratio {theirs / ours:0.00}");
    }

    private static double Measure(DuckDbConnection connection, int count, Action load)
    {
        connection.Execute(Table);
        connection.Execute("CHECKPOINT");
        var started = Stopwatch.GetTimestamp();
        load();
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        using var result = connection.Query("SELECT count(*) FROM t");
        using var rows = result.Fetch()!;
        return rows[0].Data<long>()[0] == count ? seconds : throw new InvalidOperationException("Rows are missing.");
    }
}
