using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Tests.Deploy;
using Tidemill.Workflows.Runs;

namespace Tidemill.Tests.Warehouses;

public sealed class DuckDbWarehouseTests : WarehouseContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-warehouse-").FullName;

    private string File => Path.Combine(_folder, "data", "warehouse.duckdb");

    protected override async Task<IWarehouse> CreateAsync() =>
        await DuckDbWarehouse.OpenAsync(File, new WarehouseConnection(), TestContext.Current.CancellationToken);

    protected override async Task<IWarehouse> OpenForAsync(string project) =>
        await DuckDbWarehouse.OpenAsync(File, new WarehouseConnection { Project = project }, TestContext.Current.CancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Documentation_lists_every_table_and_column()
    {
        var token = TestContext.Current.CancellationToken;
        await Warehouse.MigrateAsync(WorkflowTables.Set, token);
        var text = await System.IO.File.ReadAllTextAsync(Path.Combine(ComposeFile.Root, "docs", "formats", "system-tables.md"), token);
        var sections = text.Split("\n## ")[1..].ToDictionary(
            section => section.Split('\n')[0],
            section => section.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(1)
                .Select(line => line.Split('|')[1].Trim()).ToList());
        Assert.Equal(
            [
                SystemTables.PipelineExecutions, SystemTables.TaskExecutions, SystemTables.Checkpoints, SystemTables.DeadLetters,
                SystemTables.Migrations, SystemTables.SchemaChanges,
            ],
            sections.Keys.Order(StringComparer.Ordinal));
        foreach (var (table, columns) in sections)
        {
            var described = await Warehouse.DescribeAsync(new TableName(table), token);
            Assert.Equal(columns.Order(StringComparer.Ordinal), described!.Columns.Select(c => c.Name).Order(StringComparer.Ordinal));
            var key = text.Split($"\n## {table}\n")[1].Split("Key: ")[1].Split('.')[0].Split(", ");
            Assert.Equal(key.Order(StringComparer.Ordinal), described.PrimaryKey.Order(StringComparer.Ordinal));
        }
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

    [Theory]
    [InlineData("SELECT content FROM read_text('{0}/secret.txt')")]
    [InlineData("SELECT content FROM read_text('{0}/shared/../secret.txt')")]
    [InlineData("SELECT content FROM read_text('{0}/shared/link.txt')")]
    [InlineData("SELECT * FROM read_csv('{0}/secret.txt')")]
    [InlineData("SELECT * FROM read_json('{0}/secret.txt')")]
    [InlineData("SELECT * FROM parquet_metadata('{0}/secret.txt')")]
    [InlineData("SELECT * FROM sniff_csv('{0}/secret.txt')")]
    [InlineData("SELECT * FROM glob('{0}/*')")]
    [InlineData("COPY (SELECT 1) TO '{0}/out.csv'")]
    [InlineData("EXPORT DATABASE '{0}/export'")]
    [InlineData("ATTACH '{0}/other.duckdb'")]
    [InlineData("INSTALL httpfs")]
    [InlineData("LOAD '{0}/other.duckdb_extension'")]
    [InlineData("SET GLOBAL enable_external_access = true")]
    [InlineData("SET GLOBAL allowed_directories = ['/']")]
    [InlineData("SET temp_directory = '{0}/tmp'")]
    public async Task Sql_reaches_no_file_outside_the_named_folders(string sql)
    {
        var token = TestContext.Current.CancellationToken;
        await using var warehouse = await OpenSharedAsync();
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => warehouse.ExecuteAsync(sql.Replace("{0}", _folder, StringComparison.Ordinal), [], token));
        Assert.Equal(ErrorCode.SqlInvalid, error.Code);
        Assert.DoesNotContain("hidden", error.Message, StringComparison.Ordinal);
        Assert.Equal(
            ["secret.txt", "shared"],
            Directory.EnumerateFileSystemEntries(_folder).Select(Path.GetFileName).Where(n => n is not ("data" or "files")).Order());
    }

    [Fact]
    public async Task Sql_reads_and_writes_the_named_folders()
    {
        var token = TestContext.Current.CancellationToken;
        await using var warehouse = await OpenSharedAsync();
        await warehouse.ExecuteAsync($"COPY (SELECT 42 AS i) TO '{_folder}/shared/out.parquet'", [], token);
        await using var result = await warehouse.QueryAsync($"SELECT i FROM '{_folder}/shared/*.parquet'", [], readOnly: true, token);
        await foreach (var row in result.ReadRowsAsync(token))
            Assert.Equal(42, row[0]);
    }

    [Fact]
    public async Task Engine_spills_checkpoints_and_opens_again_without_the_files_of_the_machine()
    {
        var token = TestContext.Current.CancellationToken;
        var path = Path.Combine(_folder, "files", "warehouse.duckdb");
        await using (var warehouse = await DuckDbWarehouse.OpenAsync(path, new WarehouseConnection { MemoryLimit = 64_000_000 }, token))
        {
            await warehouse.ExecuteAsync("CREATE TABLE t AS SELECT i, repeat('x', 100) || i AS s FROM range(600000) r(i)", [], token);
            await warehouse.ExecuteAsync("CREATE TABLE sorted AS SELECT * FROM t ORDER BY s DESC", [], token);
            await warehouse.ExecuteAsync("CHECKPOINT", [], token);
            await warehouse.ExecuteAsync("INSERT INTO sorted VALUES (-1, 'last')", [], token);
        }

        await using var again = await DuckDbWarehouse.OpenAsync(path, new WarehouseConnection(), token);
        Assert.Equal(
            600_001,
            Convert.ToInt64((await RowAsync(again, "SELECT count(*) FROM sorted"))[0], System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>A warehouse whose SQL may use the folder shared, beside a file that it may not.</summary>
    private async Task<DuckDbWarehouse> OpenSharedAsync()
    {
        var token = TestContext.Current.CancellationToken;
        var shared = Directory.CreateDirectory(Path.Combine(_folder, "shared")).FullName;
        await System.IO.File.WriteAllTextAsync(Path.Combine(_folder, "secret.txt"), "hidden", token);
        System.IO.File.CreateSymbolicLink(Path.Combine(shared, "link.txt"), Path.Combine(_folder, "secret.txt"));
        return await DuckDbWarehouse.OpenAsync(
            Path.Combine(_folder, "files", "warehouse.duckdb"), new WarehouseConnection { Files = [shared] }, token);
    }

    private static async Task<object?[]> RowAsync(DuckDbWarehouse warehouse, string sql)
    {
        await using var result = await warehouse.QueryAsync(sql, [], readOnly: true, TestContext.Current.CancellationToken);
        await using var rows = result.ReadRowsAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator();
        Assert.True(await rows.MoveNextAsync());
        return rows.Current;
    }
}
