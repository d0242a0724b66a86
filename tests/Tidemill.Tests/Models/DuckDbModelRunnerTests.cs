using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.Models;
using Tidemill.Models.Graph;
using Tidemill.Models.Materializations;
using Tidemill.Models.Project;

namespace Tidemill.Tests.Models;

public sealed class DuckDbModelRunnerTests : ModelRunnerContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-models-").FullName;

    protected override string CountIndexes => "select count(*) from duckdb_indexes() where table_name = 'numbers'";

    protected override async Task<IWarehouse> CreateAsync() => await DuckDbWarehouse.OpenAsync(
        Path.Combine(_folder, "warehouse.duckdb"), new WarehouseConnection(), TestContext.Current.CancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_transactions_example_is_built()
    {
        var token = TestContext.Current.CancellationToken;
        await Warehouse.ExecuteAsync("""
            create table transactions as select
                uuid() as transaction_id, uuid() as user_id, cast(i as decimal(18, 2)) as amount, 'EUR' as currency, 'ok' as status,
                timestamp '2026-01-01 00:00:00' + to_minutes(cast(i as integer)) as event_time,
                event_time + to_seconds(case when i % 10 = 0 then 121 else 5 end) as processing_time
            from range(120) as t(i)
            """, [], token);
        var graph = ModelCompiler.Compile(DbtProjectReader.Read(ExampleFolder()), ModelTarget.Of("dev", Warehouse));
        var results = await new ModelRunner(Warehouse, graph, TimeProvider.System).RunAsync([], token);
        Assert.All(results, result => Assert.True(result.Status == ModelStatus.Succeeded, result.Error?.Message));
        Assert.Equal([("transactions_clean", 120L), ("hourly_metrics", 0L)], results.Select(result => (result.Model, result.Rows)));
        await using var query = await Warehouse.QueryAsync(
            "select total_transactions, late_transactions, late_ratio from hourly_metrics order by event_hour", [], readOnly: true, token);
        var rows = await query.ReadRowsAsync(token).ToListAsync(token);
        Assert.Equal([[60L, 6L, 0.1], [60L, 6L, 0.1]], rows);
    }

    private static string ExampleFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "examples", "transactions");
            if (Directory.Exists(candidate))
                return candidate;
        }

        throw new DirectoryNotFoundException("examples/transactions");
    }
}
