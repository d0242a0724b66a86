using System.Diagnostics;
using System.Globalization;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using static Tidemill.Benchmarks.WarehouseWrites;

namespace Tidemill.Benchmarks;

/// <summary>
/// duckdb-upsert [ROWS] [BATCH_ROWS] [BATCHES]: upserts of random UUIDs, distinct within a batch, into a table that holds ROWS
/// already, by the writer and by DuckDB's INSERT ... ON CONFLICT into the same table with its primary key; every batch a
/// transaction.
/// </summary>
internal static class DuckDbUpsert
{
    private const string Keyed = "bench_keyed";

    public static async Task<int> RunAsync(string[] arguments)
    {
        var rows = arguments.Length > 0 ? int.Parse(arguments[0], null) : 1_000_000;
        var batchRows = arguments.Length > 1 ? int.Parse(arguments[1], null) : 1_000;
        var count = arguments.Length > 2 ? int.Parse(arguments[2], null) : 20;
        var folder = Directory.CreateTempSubdirectory("tidemill-bench-").FullName;
        try
        {
            await using var warehouse = await DuckDbWarehouse.OpenAsync(
                Path.Combine(folder, "warehouse.duckdb"), new WarehouseConnection { MemoryLimit = 4_000_000_000 }, CancellationToken.None);
            await RecreateAsync(warehouse, isWrittenByKey: true);
            await RecreateAsync(warehouse, Keyed);
            var ids = await FillAsync(warehouse, rows);
            List<Batch> fresh = [.. Enumerable.Range(0, count).Select(i => TransactionBatches.Create(batchRows, seed: 1_000 + i)[0])];
            List<Batch> known = [.. Enumerable.Range(0, count).Select(i => Known(ids, batchRows, i))];

            // The writer reads the table's keys once, with the first batch.
            await WriteAsync(warehouse, ConflictRule.Upsert, known[..1]);
            foreach (var (name, batches) in new[] { ("known", known), ("new", fresh) })
            {
                var writer = await TimeAsync(() => WriteAsync(warehouse, ConflictRule.Upsert, batches));
                var engine = await TimeAsync(() => OnConflictAsync(warehouse, batches));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{rows:N0} rows, {batchRows:N0} {name} keys: ON CONFLICT {engine / count * 1000,7:F1} ms a batch, writer "
                        + $"{writer / count * 1000,7:F1}, ratio {engine / writer:F2}"));
            }

            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Fills both tables alike, and returns the keys.</summary>
    private static async Task<List<Int128>> FillAsync(DuckDbWarehouse warehouse, int rows)
    {
        var batches = TransactionBatches.Create(rows);
        await WriteAsync(warehouse, ConflictRule.Append, batches);
        await warehouse.ExecuteAsync($"INSERT INTO {Keyed} FROM {Table}", [], CancellationToken.None);
        await warehouse.ExecuteAsync("CHECKPOINT", [], CancellationToken.None);
        List<Int128> ids = [.. batches.SelectMany(batch => batch.Chunks).SelectMany(chunk => chunk[0].Data<Int128>().ToArray())];
        batches.ForEach(batch => batch.Dispose());
        return ids;
    }

    private static Batch Known(List<Int128> ids, int rows, int seed)
    {
        var random = new Random(seed);
        var batch = TransactionBatches.Create(rows, seed)[0];
        var taken = new HashSet<int>();
        foreach (var chunk in batch.Chunks)
        {
            foreach (ref var id in chunk[0].Data<Int128>())
            {
                int pick;
                do
                    pick = random.Next(ids.Count);
                while (!taken.Add(pick));
                id = ids[pick];
            }
        }

        return batch;
    }

    private static Task OnConflictAsync(DuckDbWarehouse warehouse, List<Batch> batches) => Task.Run(() =>
    {
        using var connection = warehouse.Database.Connect();
        string[] names = [.. TransactionBatches.Schema.Fields.Select(field => field.Name)];
        var source = warehouse.Database.Register(new ChunkSource(names, TransactionBatches.Schema.ToLogical(), ordered: true));
        var sets = string.Join(", ", names[1..].Select(name => $"{name} = excluded.{name}"));
        using var insert = connection.Prepare(
            $"INSERT INTO {Keyed} SELECT * FROM {source.Sql} ON CONFLICT ({names[0]}) DO UPDATE SET {sets}");
        foreach (var batch in batches)
        {
            connection.Begin();
            source.Set(batch.Chunks);
            insert.Execute();
            connection.Commit();
        }

        source.Clear();
        warehouse.Database.Unregister(source);
    });

    private static async Task<double> TimeAsync(Func<Task> run)
    {
        var clock = Stopwatch.StartNew();
        await run();
        return clock.Elapsed.TotalSeconds;
    }
}
