using System.Diagnostics;
using System.Globalization;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;
using Tidemill.Models;
using Tidemill.Models.Graph;
using Tidemill.Models.Materializations;
using Tidemill.Models.Project;

namespace Tidemill.Benchmarks;

/// <summary>
/// <c>rebuild [rows] [rounds]</c>: the example's models transactions_clean (a table) and hourly_metrics (a view, read
/// once) through the model runner against the same SQL given straight to DuckDB. Without the model's indexes, which cost
/// the same on both sides and many times the rest.
/// </summary>
internal static class Rebuild
{
    private const string ReadView = "SELECT count(*) FROM (SELECT event_hour, total_amount, late_ratio FROM hourly_metrics)";

    public static async Task<int> RunAsync(string[] args)
    {
        var rows = args.Length > 0 ? long.Parse(args[0], CultureInfo.InvariantCulture) : 20_000_000;
        var rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var folder = Directory.CreateTempSubdirectory("tidemill-rebuild-").FullName;
        try
        {
            CopyModels(folder);
            await using var warehouse = await DuckDbWarehouse.OpenAsync(
                Path.Combine(folder, "warehouse.duckdb"), new WarehouseConnection { MemoryLimit = 2_000_000_000 }, default);
            await FillAsync(warehouse, rows);
            var graph = ModelCompiler.Compile(DbtProjectReader.Read(folder), ModelTarget.Of("bench", warehouse));
            var runner = new ModelRunner(warehouse, graph, TimeProvider.System);
            await ModelsAsync(warehouse, runner);
            var ratios = new List<double>();
            for (var round = 1; round <= rounds; round++)
            {
                // In turns the one and the other first: what the first leaves to be cleaned up is the second's burden.
                var early = round % 2 == 0 ? await ModelsAsync(warehouse, runner) : (TimeSpan?)null;
                var plain = await PlainAsync(warehouse, graph);
                var models = early ?? await ModelsAsync(warehouse, runner);
                ratios.Add(models / plain);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"round {round}: plain SQL {plain.TotalSeconds:F2} s, models {models.TotalSeconds:F2} s, time ratio "
                        + $"{models / plain:F3}"));
            }

            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{rows} rows: median time ratio {ratios.Order().ElementAt(rounds / 2):F3}"));
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The example's models with the declaration of indexes left out.</summary>
    private static void CopyModels(string folder)
    {
        var example = Path.Combine(RepositoryRoot(), "examples", "transactions");
        File.Copy(Path.Combine(example, "dbt_project.yml"), Path.Combine(folder, "dbt_project.yml"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(example, "models"), "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(folder, "models", Path.GetRelativePath(Path.Combine(example, "models"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            var text = File.ReadAllText(file);
            var start = text.IndexOf("    indexes=[", StringComparison.Ordinal);
            File.WriteAllText(
                target,
                start < 0 ? text : text.Remove(start, text.IndexOf("\n    ]", start, StringComparison.Ordinal) + "\n    ]".Length - start));
        }
    }

    private static string RepositoryRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !Directory.Exists(Path.Combine(folder.FullName, "examples")))
            folder = folder.Parent;

        return folder?.FullName ?? throw new InvalidOperationException("Run this from a checkout: it needs the folder examples.");
    }

    private static Task<long> FillAsync(DuckDbWarehouse warehouse, long rows) => warehouse.ExecuteAsync(
        $"""
        CREATE TABLE transactions AS SELECT uuid() AS transaction_id, uuid() AS user_id, (1 + i % 49900 / 100.0)::DECIMAL(18,2) AS amount,
            ['USD', 'EUR', 'GBP', 'JPY'][1 + i % 4] AS currency, 'completed' AS status,
            TIMESTAMP '2026-01-01' + INTERVAL (i * 50) MILLISECOND AS event_time,
            TIMESTAMP '2026-01-01' + INTERVAL (i * 50 + CASE WHEN i % 20 = 0 THEN 300000 ELSE 900 END) MILLISECOND AS processing_time
        FROM range({rows}) AS r(i)
        """,
        [], default);

    private static async Task<TimeSpan> PlainAsync(DuckDbWarehouse warehouse, ModelGraph graph)
    {
        await warehouse.ExecuteInTransactionAsync(
            ["DROP VIEW IF EXISTS hourly_metrics", "DROP TABLE IF EXISTS transactions_clean"], default);
        var started = Stopwatch.GetTimestamp();
        foreach (var model in graph.Models)
        {
            var kind = model.Name == "hourly_metrics" ? "VIEW" : "TABLE";
            await warehouse.ExecuteAsync($"CREATE {kind} {model.Name} AS {model.Sql}", [], default);
        }

        await DrainAsync(warehouse);
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task<TimeSpan> ModelsAsync(DuckDbWarehouse warehouse, ModelRunner runner)
    {
        await warehouse.ExecuteInTransactionAsync(
            ["DROP VIEW IF EXISTS hourly_metrics", "DROP TABLE IF EXISTS transactions_clean"], default);
        var started = Stopwatch.GetTimestamp();
        var results = await runner.RunAsync([], default);
        if (results.FirstOrDefault(r => r.Error is not null)?.Error is { } error)
            throw new InvalidOperationException(error.Message);

        await DrainAsync(warehouse);
        return Stopwatch.GetElapsedTime(started);
    }

    private static async Task DrainAsync(DuckDbWarehouse warehouse)
    {
        await using var result = await warehouse.QueryAsync(ReadView, [], readOnly: true, default);
        await foreach (var _ in result.ReadRowsAsync(default))
        {
            // Reading is the work.
        }
    }
}
