using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Tidemill.Connectors.Postgres;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Log;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>ingest-postgres [records] [rounds]</c>: log -> decode -> PostgreSQL table against one raw binary COPY of the same
/// rows from memory into the same table, primary key and all. The server comes from TIDEMILL_TEST_POSTGRES.
/// </summary>
internal static class IngestPostgres
{
    private const string Copied = "copied_transactions";

    public static async Task<int> RunAsync(string[] args)
    {
        var records = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1_000_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var folder = Directory.CreateTempSubdirectory("tidemill-ingest-").FullName;
        try
        {
            await using var log = await EmbeddedLog.OpenAsync(
                Path.Combine(folder, "log"), new EmbeddedLogOptions(), TimeProvider.System, default);
            await TransactionRecords.WriteWithFileAsync(log, Path.Combine(folder, "records.ndjson"), records, partitions: 2);
            await CompareAsync(log, TransactionRecords.Stream("transactions", ConflictRule.Ignore), records, rounds);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Streams a log's topic into PostgreSQL and copies the same rows raw, round by round.</summary>
    public static async Task CompareAsync(ILog log, StreamDefinition stream, int records, int rounds)
    {
        var settings = PostgresWrite.Settings();
        await using var source = NpgsqlDataSource.Create(settings);
        var encoded = await ExportAsync(source, settings, log, stream, records);
        for (var round = 1; round <= rounds; round++)
        {
            var baseline = await CopyAsync(source, encoded);
            await ExecuteAsync(
                source, $"DROP TABLE IF EXISTS {Copied}, transactions; DELETE FROM tidemill_checkpoints WHERE stream = 'transactions'");
            await using var warehouse = await PostgresWarehouse.OpenAsync(PostgresWrite.Connection(settings), default);
            var ours = await Ingest.StreamAsync(log, warehouse, records, stream);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"round {round}: raw COPY {baseline.TotalSeconds:F2} s, {log.Description.Split(' ')[0]} -> decode -> PostgreSQL "
                    + $"{ours.Time.TotalSeconds:F2} s, rate ratio {baseline / ours.Time:F2}, managed bytes allocated per record "
                    + $"{ours.AllocatedPerRecord:F1}"));
            await ExecuteAsync(source, "CHECKPOINT");
        }
    }

    /// <summary>Streams once, untimed, and reads the table back as COPY bytes: exactly the rows to compare with.</summary>
    private static async Task<List<byte[]>> ExportAsync(
        NpgsqlDataSource source, NpgsqlConnectionStringBuilder settings, ILog log, StreamDefinition stream, int records)
    {
        await using var warehouse = await PostgresWarehouse.OpenAsync(PostgresWrite.Connection(settings), default);
        await ExecuteAsync(source, "DROP TABLE IF EXISTS transactions; DELETE FROM tidemill_checkpoints WHERE stream = 'transactions'");
        await Ingest.StreamAsync(log, warehouse, records, stream);
        await using var connection = await source.OpenConnectionAsync();
        await using var copy = await connection.BeginRawBinaryCopyAsync("COPY transactions TO STDOUT (FORMAT BINARY)");
        var parts = new List<byte[]>();
        var buffer = new byte[1 << 16];
        for (int read; (read = await copy.ReadAsync(buffer, CancellationToken.None)) > 0;)
            parts.Add(buffer[..read]);

        return parts;
    }

    private static async Task<TimeSpan> CopyAsync(NpgsqlDataSource source, List<byte[]> parts)
    {
        await ExecuteAsync(source, $"DROP TABLE IF EXISTS {Copied}; CREATE TABLE {Copied} (LIKE transactions INCLUDING ALL)");
        var started = Stopwatch.GetTimestamp();
        await using var connection = await source.OpenConnectionAsync();
        await using (var stream = await connection.BeginRawBinaryCopyAsync($"COPY {Copied} FROM STDIN (FORMAT BINARY)"))
        {
            foreach (var part in parts)
                await stream.WriteAsync(part);
        }

        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
