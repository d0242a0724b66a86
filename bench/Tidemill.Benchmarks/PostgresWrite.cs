using Npgsql;
using NpgsqlTypes;
using Tidemill.Connectors.Postgres;
using Tidemill.Connectors.Postgres.Copy;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using static Tidemill.Benchmarks.WarehouseWrites;

namespace Tidemill.Benchmarks;

/// <summary>
/// postgres-write [ROWS] [ROUNDS]: the writer against one raw binary COPY of the same rows, encoded beforehand, into the
/// same table with its primary key. The server comes from TIDEMILL_TEST_POSTGRES (a connection string).
/// </summary>
internal static class PostgresWrite
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var rows = arguments.Length > 0 ? int.Parse(arguments[0], null) : 1_000_000;
        var rounds = arguments.Length > 1 ? int.Parse(arguments[1], null) : 3;
        var settings = Settings();
        await using var source = NpgsqlDataSource.Create(settings);
        await using var warehouse = await PostgresWarehouse.OpenAsync(Connection(settings), CancellationToken.None);
        var batches = TransactionBatches.Create(rows);
        var encoded = Encode(batches);
        await CompareAsync(warehouse, rows, rounds,
            ("raw binary COPY, encoded beforehand", false, false, () => CopyRawAsync(source, encoded)),
            ("Npgsql binary importer, one COPY", false, false, () => ImportAsync(source, batches)),
            ("writer, append", false, false, () => WriteAsync(warehouse, ConflictRule.Append, batches)),
            ("writer, ignore, all rows new", false, true, () => WriteAsync(warehouse, ConflictRule.Ignore, batches)),
            ("writer, ignore, all rows there", true, true, () => WriteAsync(warehouse, ConflictRule.Ignore, batches)),
            ("writer, upsert, all rows new", false, true, () => WriteAsync(warehouse, ConflictRule.Upsert, batches)));
        batches.ForEach(batch => batch.Dispose());
        return 0;
    }

    /// <summary>The server that TIDEMILL_TEST_POSTGRES names.</summary>
    public static NpgsqlConnectionStringBuilder Settings()
    {
        var text = Environment.GetEnvironmentVariable("TIDEMILL_TEST_POSTGRES")
            ?? throw new InvalidOperationException("Set TIDEMILL_TEST_POSTGRES to the connection string of a PostgreSQL server.");
        return new NpgsqlConnectionStringBuilder(text) { GssEncryptionMode = GssEncryptionMode.Disable };
    }

    public static WarehouseConnection Connection(NpgsqlConnectionStringBuilder settings) => new()
    {
        Host = settings.Host!,
        Port = settings.Port,
        User = settings.Username!,
        Password = settings.Password,
        Database = settings.Database ?? "postgres",
    };

    private static List<byte[]> Encode(List<Batch> batches)
    {
        using var encoder = new RowEncoder(
        [
            new("transaction_id", 0, CellEncoding.Uuid), new("user_id", 1, CellEncoding.Uuid), new("amount", 2, CellEncoding.Numeric),
            new("currency", 3, CellEncoding.Text), new("status", 4, CellEncoding.Text), new("event_time", 5, CellEncoding.Timestamp),
            new("processing_time", 6, CellEncoding.Timestamp),
        ]);
        var parts = new List<byte[]>();
        encoder.WriteHeader();
        foreach (var chunk in batches.SelectMany(batch => batch.Chunks))
        {
            for (var row = 0; row < chunk.Size;)
            {
                encoder.Encode(chunk, ref row);
                parts.Add(encoder.Written.ToArray());
                encoder.Clear();
            }
        }

        encoder.WriteTrailer();
        parts.Add(encoder.Written.ToArray());
        return parts;
    }

    private static async Task CopyRawAsync(NpgsqlDataSource source, List<byte[]> parts)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var stream = await connection.BeginRawBinaryCopyAsync($"COPY {Table} FROM STDIN (FORMAT BINARY)");
        foreach (var part in parts)
            await stream.WriteAsync(part);
    }

    private static async Task ImportAsync(NpgsqlDataSource source, List<Batch> batches)
    {
        await using var connection = await source.OpenConnectionAsync();
        await using var import = await connection.BeginBinaryImportAsync($"COPY {Table} FROM STDIN (FORMAT BINARY)");
        foreach (var chunk in batches.SelectMany(batch => batch.Chunks))
        {
            for (var row = 0; row < chunk.Size; row++)
                WriteRow(import, chunk, row);
        }

        await import.CompleteAsync();
    }

    private static void WriteRow(NpgsqlBinaryImporter import, DataChunk chunk, int row)
    {
        import.StartRow();
        import.Write(chunk[0].GetGuid(row), NpgsqlDbType.Uuid);
        import.Write(chunk[1].GetGuid(row), NpgsqlDbType.Uuid);
        import.Write(new decimal(chunk[2].Data<long>()[row]) / 100, NpgsqlDbType.Numeric);
        import.Write(chunk[3].GetString(row), NpgsqlDbType.Text);
        import.Write(chunk[4].GetString(row), NpgsqlDbType.Text);
        import.Write(new DuckDbTimestamp(chunk[5].Data<long>()[row]).ToDateTime(), NpgsqlDbType.Timestamp);
        import.Write(new DuckDbTimestamp(chunk[6].Data<long>()[row]).ToDateTime(), NpgsqlDbType.Timestamp);
    }
}
