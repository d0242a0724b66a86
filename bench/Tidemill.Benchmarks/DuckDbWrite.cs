using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using static Tidemill.Benchmarks.WarehouseWrites;

namespace Tidemill.Benchmarks;

/// <summary>
/// duckdb-write [ROWS] [ROUNDS]: the writer against one INSERT ... SELECT over all chunks and against the appender, into
/// the same table with its primary key, on a file; the table that is written by key has none.
/// </summary>
internal static class DuckDbWrite
{
    public static async Task<int> RunAsync(string[] arguments)
    {
        var rows = arguments.Length > 0 ? int.Parse(arguments[0], null) : 1_000_000;
        var rounds = arguments.Length > 1 ? int.Parse(arguments[1], null) : 3;
        var folder = Directory.CreateTempSubdirectory("tidemill-bench-").FullName;
        try
        {
            await using var warehouse = await DuckDbWarehouse.OpenAsync(
                Path.Combine(folder, "warehouse.duckdb"), new WarehouseConnection { MemoryLimit = 2_000_000_000 }, CancellationToken.None);
            var batches = TransactionBatches.Create(rows);
            await CompareAsync(warehouse, rows, rounds,
                ("one INSERT ... SELECT", false, false, () => InsertAsync(warehouse, batches)),
                ("appender", false, false, () => AppendAsync(warehouse, batches)),
                ("writer, append", false, false, () => WriteAsync(warehouse, ConflictRule.Append, batches)),
                ("writer, ignore, all rows new", false, true, () => WriteAsync(warehouse, ConflictRule.Ignore, batches)),
                ("writer, ignore, all rows there", true, true, () => WriteAsync(warehouse, ConflictRule.Ignore, batches)),
                ("writer, upsert, all rows new", false, true, () => WriteAsync(warehouse, ConflictRule.Upsert, batches)),
                ("writer, upsert, all rows there", true, true, () => WriteAsync(warehouse, ConflictRule.Upsert, batches)));
            batches.ForEach(batch => batch.Dispose());
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Task InsertAsync(DuckDbWarehouse warehouse, List<Batch> batches) => Task.Run(() =>
    {
        using var connection = warehouse.Database.Connect();
        var source = warehouse.Database.Register(
            new ChunkSource([.. TransactionBatches.Schema.Fields.Select(field => field.Name)], TransactionBatches.Schema.ToLogical()));
        source.Set([.. batches.SelectMany(batch => batch.Chunks)]);
        connection.Execute($"INSERT INTO {Table} SELECT * FROM {source.Sql}");
        warehouse.Database.Unregister(source);
    });

    private static Task AppendAsync(DuckDbWarehouse warehouse, List<Batch> batches) => Task.Run(() =>
    {
        using var connection = warehouse.Database.Connect();
        connection.Begin();
        using (var appender = connection.Append(null, Table))
        {
            foreach (var chunk in batches.SelectMany(batch => batch.Chunks))
                appender.Append(chunk);

            appender.Close();
        }

        connection.Commit();
    });
}
