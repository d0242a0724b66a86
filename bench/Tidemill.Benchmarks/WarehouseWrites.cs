using System.Diagnostics;
using System.Globalization;
using Tidemill.Core.Batches;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Benchmarks;

/// <summary>What both warehouse benchmarks share: a writer's run, a timed step, and the ratio to a baseline.</summary>
internal static class WarehouseWrites
{
    public const string Table = "bench_transactions";

    /// <summary>Every batch in a transaction of its own with its checkpoint, as a stream's sink does it.</summary>
    public static async Task WriteAsync(IWarehouse warehouse, ConflictRule rule, IReadOnlyList<Batch> batches)
    {
        var write = new TableWrite(new TableName(Table), rule) { Key = ["transaction_id"] };
        var owner = new CheckpointOwner("bench", Guid.NewGuid().ToString());
        await using var writer = await warehouse.OpenWriterAsync(CancellationToken.None);
        var next = LogOffset.Zero;
        foreach (var batch in batches)
        {
            await writer.BeginAsync(CancellationToken.None);
            await writer.WriteAsync(write, batch, CancellationToken.None);
            await writer.AdvanceAsync(owner, [new(new("bench", 0), next, next.Plus(batch.RowCount))], CancellationToken.None);
            await writer.CommitAsync(CancellationToken.None);
            next = next.Plus(batch.RowCount);
        }
    }

    public static async Task RecreateAsync(IWarehouse warehouse, string table = Table, bool isWrittenByKey = false)
    {
        await warehouse.ExecuteAsync($"DROP TABLE IF EXISTS {table}", [], CancellationToken.None);
        var spec = TransactionBatches.Table(table) with { Rule = isWrittenByKey ? ConflictRule.Upsert : ConflictRule.Append };
        await warehouse.ApplyAsync(await warehouse.PlanAsync(spec, CancellationToken.None), CancellationToken.None);
    }

    /// <summary>Runs every way in turn, rounds times over, each into a fresh table; prints medians and ratios to the first.</summary>
    public static async Task CompareAsync(
        IWarehouse warehouse, int rows, int rounds, params (string Name, bool Refill, bool ByKey, Func<Task> Run)[] ways)
    {
        var times = ways.ToDictionary(way => way.Name, _ => new List<double>());
        var bytes = new Dictionary<string, double>();
        for (var round = 0; round < rounds; round++)
        {
            foreach (var (name, refill, byKey, run) in ways)
            {
                if (!refill)
                    await RecreateAsync(warehouse, isWrittenByKey: byKey);

                var allocated = GC.GetTotalAllocatedBytes(precise: true);
                var clock = Stopwatch.StartNew();
                await run();
                times[name].Add(clock.Elapsed.TotalSeconds);
                bytes[name] = (double)(GC.GetTotalAllocatedBytes(precise: true) - allocated) / rows;
            }
        }

        var baseline = Median(times[ways[0].Name]);
        foreach (var (name, _, _, _) in ways)
        {
            var median = Median(times[name]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name,-44} {rows / median,12:N0} rows/s  ratio {baseline / median,5:F2}  {bytes[name],8:F2} bytes/row"));
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
