using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses;

/// <summary>Indexes of keys, which DuckDB holds in memory whole, against a memory limit that they outgrow.</summary>
[Collection(nameof(DuckDbMemoryTests))]
public sealed class DuckDbMemoryTests : IDisposable
{
    private const long Limit = 64_000_000;
    private const string Insert = "INSERT INTO keyed SELECT uuid() FROM range(100000)";

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-memory-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string File => Path.Combine(_folder, "warehouse.duckdb");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Keys_outgrow_the_limit_and_the_file_opens_again()
    {
        await using (var warehouse = await OpenAsync())
        {
            await warehouse.ExecuteAsync("CREATE TABLE keyed (id UUID PRIMARY KEY)", [], Token);
            for (var i = 0; i < 14; i++)
                await warehouse.ExecuteAsync(Insert, [], Token);
        }

        await using var again = await OpenAsync();
        await again.ExecuteAsync(Insert, [], Token);
        Assert.Equal([1_500_000L, true], await RowAsync(
            again, "SELECT count(*), (SELECT memory_usage_bytes FROM duckdb_memory() WHERE tag = 'ART_INDEX') > 64000000 FROM keyed"));
    }

    [Fact]
    public async Task Few_keys_and_many_rows_without_one_leave_the_limit_as_it_is()
    {
        await using var warehouse = await OpenAsync();
        await warehouse.ExecuteAsync("CREATE TABLE few (id UUID PRIMARY KEY, v INTEGER, UNIQUE (v))", [], Token);
        await warehouse.ExecuteAsync("INSERT INTO few SELECT uuid(), i FROM range(1000) r(i)", [], Token);
        await warehouse.ExecuteAsync("CREATE TABLE many AS SELECT uuid() FROM range(1000000)", [], Token);
        await Task.Delay(TimeSpan.FromSeconds(1.1), Token);
        await warehouse.ExecuteAsync("INSERT INTO few SELECT uuid(), 1000 + i FROM range(20000) r(i)", [], Token);
        Assert.Equal(["61.0 MiB"], await RowAsync(warehouse, "SELECT current_setting('memory_limit')"));
    }

    /// <summary>Up to 1.5.5 DuckDB kept which commit each row came from, where several share a vector, until the file was closed.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(300)]
    public async Task Rows_that_were_written_do_not_fill_the_memory_up_to_the_limit(int commits)
    {
        await using var warehouse = await OpenAsync();
        await warehouse.ExecuteAsync("CREATE TABLE many (id UUID)", [], Token);
        for (var i = 0; i < commits; i++)
            await warehouse.ExecuteAsync($"INSERT INTO many SELECT uuid() FROM range({1_500_000 / commits})", [], Token);

        await warehouse.ExecuteAsync("CHECKPOINT", [], Token);
        await Task.Delay(TimeSpan.FromSeconds(1.1), Token);
        await warehouse.ExecuteAsync("INSERT INTO many SELECT uuid()", [], Token);
        Assert.Equal([true, "61.0 MiB"], await RowAsync(
            warehouse,
            $"SELECT memory_usage_bytes <= {Limit / 32}, current_setting('memory_limit') FROM duckdb_memory() WHERE tag = 'BASE_TABLE'"));
    }

    [Fact]
    public async Task Blocks_that_a_query_holds_leave_the_limit_as_it_is()
    {
        await using var warehouse = await OpenAsync();
        await warehouse.ExecuteAsync(
            $"CREATE TABLE wide AS SELECT {string.Join(", ", Enumerable.Range(0, 16).Select(i => $"uuid() AS c{i}"))} FROM range(20000)",
            [], Token);
        await warehouse.ExecuteAsync("CHECKPOINT", [], Token);
        await using var open = await warehouse.QueryAsync("SELECT * FROM wide", [], readOnly: true, Token);
        await using var rows = open.ReadRowsAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await rows.MoveNextAsync());
        await Task.Delay(TimeSpan.FromSeconds(1.1), Token);
        await warehouse.ExecuteAsync("CREATE TABLE other (i INTEGER)", [], Token);
        Assert.Equal(["61.0 MiB"], await RowAsync(warehouse, "SELECT current_setting('memory_limit')"));
        Assert.True(await rows.MoveNextAsync());
    }

    [Fact]
    public async Task Keys_that_writers_hold_count_as_well()
    {
        using var sessions = Sessions(new DuckDbMemory(Limit, ceiling: Limit));
        await sessions.RunAsync(
            DuckDbWork.Querying, connection => connection.Execute("CREATE TABLE keyed AS SELECT uuid() AS id FROM range(1500000)"), Token);
        await using var writer = new DuckDbWriter(sessions, "");
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema("id uuid"), [[Guid.NewGuid()]]);
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => writer.WriteAsync(new TableWrite(new("keyed"), ConflictRule.Ignore) { Key = ["id"] }, rows, Token));
        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.StartsWith("Keys of tables are held in memory whole: they need 32 MiB, of 61 MiB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_index_that_does_not_fit_the_limit_is_built()
    {
        await using var warehouse = await OpenAsync();
        await warehouse.ExecuteInTransactionAsync(
            ["CREATE TABLE t AS SELECT uuid() AS a, uuid() AS b FROM "
                + "range(1200000)", "CREATE INDEX on_a ON t (a)", "CREATE INDEX on_b ON t (b)"], Token);
        Assert.Equal([2L], await RowAsync(warehouse, "SELECT count(*) FROM duckdb_indexes()"));
        await AssertFollowsAsync(warehouse);
    }

    [Theory]
    [InlineData("CREATE TABLE t AS SELECT array_agg(uuid()) AS ids FROM range(8000000)")]
    [InlineData("CREATE OR REPLACE TABLE plain AS SELECT array_agg(uuid()) AS ids FROM range(8000000)")]
    [InlineData("INSERT INTO plain SELECT array_agg(uuid()) FROM range(8000000)")]
    public async Task A_query_that_does_not_fit_the_limit_fails_and_leaves_it_as_it_is(string sql)
    {
        await using var warehouse = await OpenAsync();
        await warehouse.ExecuteAsync("CREATE TABLE plain (ids UUID[])", [], Token);
        foreach (var statements in new[] { [sql], new[] { sql, "CREATE INDEX on_ids ON plain (ids)" } })
        {
            var error = await Assert.ThrowsAsync<TidemillException>(() => warehouse.ExecuteInTransactionAsync(statements, Token));
            Assert.Contains("raise the warehouse's `memory_limit:`", error.Message, StringComparison.Ordinal);
            Assert.Equal(["61.0 MiB"], await RowAsync(warehouse, "SELECT current_setting('memory_limit')"));
        }
    }

    [Theory]
    [InlineData("CREATE TABLE keyed (id UUID PRIMARY KEY)", "INSERT INTO keyed SELECT uuid() FROM range(1200000)")]
    [InlineData("CREATE TABLE keyed AS SELECT uuid() AS id FROM range(1200000)", "ALTER TABLE keyed ADD PRIMARY KEY (id)")]
    public async Task A_key_made_in_the_same_transaction_may_exceed_the_limit_until_it_is_built(params string[] statements)
    {
        await using var warehouse = await OpenAsync();
        await warehouse.ExecuteInTransactionAsync(statements, Token);
        Assert.Equal([1_200_000L], await RowAsync(warehouse, "SELECT count(*) FROM keyed"));
        await AssertFollowsAsync(warehouse);
    }

    /// <summary>The commit runs out of memory, which leaves keys in the engine's index whose rows are not there; it is begun
    /// once more.</summary>
    [Fact]
    public async Task Rows_that_do_not_fit_the_limit_with_their_keys_are_inserted()
    {
        await using var warehouse = await OpenAsync();
        await warehouse.ExecuteAsync("CREATE TABLE source AS SELECT uuid() AS id FROM range(1000000)", [], Token);
        await warehouse.ExecuteAsync("CREATE TABLE keyed (id UUID PRIMARY KEY)", [], Token);
        await warehouse.ExecuteAsync("INSERT INTO keyed FROM source", [], Token);
        Assert.Equal([1_000_000L], await RowAsync(warehouse, "SELECT count(*) FROM keyed"));
        await AssertFollowsAsync(warehouse);
    }

    [Fact]
    public async Task Rows_are_refused_before_the_machine_is_full()
    {
        var memory = new DuckDbMemory(Limit, ceiling: 2 * Limit);
        using (var sessions = Sessions(memory))
        {
            await using var writer = new DuckDbWriter(sessions, "");
            await sessions.RunAsync(
                DuckDbWork.Querying, connection => connection.Execute("CREATE TABLE keyed (id UUID PRIMARY KEY)"), Token);
            var error = await Assert.ThrowsAsync<TidemillException>(async () =>
            {
                for (var i = 0; i < 100; i++)
                {
                    await writer.BeginAsync(Token);
                    await writer.ExecuteAsync("INSERT INTO keyed SELECT uuid() FROM range(30000)", [], Token);
                    await writer.CommitAsync(Token);
                }
            });
            Assert.Equal(ErrorCode.Unavailable, error.Code);
            Assert.Contains("or use PostgreSQL as warehouse", error.Message, StringComparison.Ordinal);
        }

        using var again = Sessions(memory);
        var keys = await again.RunAsync(
            DuckDbWork.Querying, connection => connection.Execute("CREATE TABLE copied AS SELECT * FROM keyed"), Token);
        Assert.InRange(keys, 1_000_000, 2_200_000);
    }

    /// <summary>The limit is what was asked for and some hundred MiB of keys; the machine has gigabytes.</summary>
    private static async Task AssertFollowsAsync(DuckDbWarehouse warehouse) => Assert.EndsWith(
        " MiB", (string?)(await RowAsync(warehouse, "SELECT current_setting('memory_limit')"))[0], StringComparison.Ordinal);

    private DuckDbSessions Sessions(DuckDbMemory memory) => new(
        () => memory.Open(File, new Dictionary<string, string> { ["threads"] = "2" }), memory, "warehouse");

    private Task<DuckDbWarehouse> OpenAsync() =>
        DuckDbWarehouse.OpenAsync(File, new WarehouseConnection { MemoryLimit = Limit, Threads = 2 }, Token);

    private static async Task<object?[]> RowAsync(DuckDbWarehouse warehouse, string sql)
    {
        await using var result = await warehouse.QueryAsync(sql, [], readOnly: true, Token);
        await using var rows = result.ReadRowsAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await rows.MoveNextAsync());
        return rows.Current;
    }
}

/// <summary>Millions of keys take both processors for seconds.</summary>
[CollectionDefinition(nameof(DuckDbMemoryTests), DisableParallelization = true)]
public sealed class DuckDbMemoryTestsAlone;
