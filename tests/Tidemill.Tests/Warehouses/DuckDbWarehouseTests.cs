using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses;

public sealed class DuckDbWarehouseTests : WarehouseContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-warehouse-").FullName;

    private string File => Path.Combine(_folder, "data", "warehouse.duckdb");

    protected override async Task<IWarehouse> CreateAsync() =>
        await DuckDbWarehouse.OpenAsync(File, new WarehouseConnection(), TestContext.Current.CancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Rows_and_checkpoints_are_there_after_reopening()
    {
        var token = TestContext.Current.CancellationToken;
        await Warehouse.ExecuteAsync("CREATE TABLE kept AS SELECT 1 AS i", [], token);
        await Warehouse.DisposeAsync();
        await using var again = await CreateAsync();
        Assert.NotNull(await again.DescribeAsync(new TableName("kept"), token));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_reported_as_corrupt()
    {
        var path = Path.Combine(_folder, "other.duckdb");
        await System.IO.File.WriteAllBytesAsync(path, new byte[16_384], TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<TidemillException>(() =>
            DuckDbWarehouse.OpenAsync(path, new WarehouseConnection(), TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.DataCorrupt, error.Code);
    }

    [Fact]
    public async Task A_wrong_memory_limit_is_a_configuration_error()
    {
        var error = await Assert.ThrowsAsync<TidemillException>(() => DuckDbWarehouse.OpenAsync(
            Path.Combine(_folder, "other.duckdb"), new WarehouseConnection { MemoryLimit = "plenty" }, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
    }
}
