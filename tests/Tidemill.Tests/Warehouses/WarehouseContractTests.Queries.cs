using System.Globalization;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Workflows.Runs;

namespace Tidemill.Tests.Warehouses;

public abstract partial class WarehouseContractTests
{
    [Fact]
    public async Task A_table_that_is_made_anew_with_other_types_is_written_after_at_most_one_failure()
    {
        await CreateTableAsync("renewed", "id integer, v integer", "id");
        var write = new TableWrite(new TableName("renewed"), ConflictRule.Ignore) { Key = ["id"] };
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        for (var round = 0; round < 3; round++)
        {
            using var rows = Rows.Batch(Rows.Schema("id integer, v integer"), [[round, round]]);
            await writer.BeginAsync(Token);
            try
            {
                await writer.WriteAsync(write, rows, Token);
                await writer.CommitAsync(Token);
            }
            catch (TidemillException)
            {
                Assert.Equal(1, round);
                await writer.RollbackAsync();
            }

            if (round == 0)
            {
                await Warehouse.ExecuteAsync("DROP TABLE renewed", [], Token);
                await CreateTableAsync("renewed", "v bigint, id bigint", "id");
            }
        }

        Assert.Contains(2L, (await QueryAsync("SELECT v FROM renewed")).Select(row => row[0]));
    }

    [Fact]
    public async Task Statements_in_one_transaction_run_all_or_none()
    {
        var changed = await Warehouse.ExecuteInTransactionAsync(
            ["CREATE TABLE t (i integer)", "INSERT INTO t VALUES (1), (2)", "UPDATE t SET i = i + 1 WHERE i = 2", "CREATE TABLE u AS SELECT * FROM t"],
            Token);
        Assert.Equal([0L, 2, 1, 2], changed);
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => Warehouse.ExecuteInTransactionAsync(
            ["INSERT INTO t VALUES (3)", "SELECT * FROM nowhere"], Token)));
        Assert.Equal(2, await CountAsync("t"));
        Assert.Equal(2, await Warehouse.ExecuteAsync("DELETE FROM t WHERE i < $1", [9], Token));
    }

    [Fact]
    public async Task Settings_and_temporary_tables_of_one_statement_reach_no_other()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE kept (i integer)", [], Token);
        for (var i = 0; i < 3; i++)
        {
            await Warehouse.ExecuteInTransactionAsync(["SET search_path = 'elsewhere'"], Token).ContinueWith(static _ => { }, Token);
            await Warehouse.ExecuteInTransactionAsync(["CREATE TEMP TABLE kept AS SELECT 1 AS i"], Token);
            await Warehouse.ExecuteAsync("CREATE TEMP TABLE mine AS SELECT 1 AS i", [], Token);
        }

        Assert.Equal(0, await CountAsync("kept"));
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => Warehouse.ExecuteAsync("INSERT INTO mine VALUES (2)", [], Token)));
    }

    [Fact]
    public async Task Parameters_carry_every_kind_and_null()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE p (a integer, b bigint, c text, d timestamp, e uuid, f numeric(10,2), g boolean, h "
            + "double precision, i date, j json)", [], Token);
        var id = Guid.NewGuid();
        object?[] values = [1, 2L, "three", new DateTime(2024, 1, 2, 3, 4, 5), id, 6.50m, true, 7.5, new DateOnly(2024, 1, 2), "{}"];
        await Warehouse.ExecuteAsync("INSERT INTO p VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", values, Token);
        await Warehouse.ExecuteAsync("INSERT INTO p VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", new object?[10], Token);
        Assert.Equal(values, (await QueryAsync("SELECT * FROM p WHERE e = $1 AND c = $2", id, "three"))[0]);
        Assert.Equal(2, await CountAsync("p"));
    }

    [Theory]
    [InlineData("INSERT INTO t VALUES (1)")]
    [InlineData("  -- c\n /* SELECT */ DELETE FROM t")]
    [InlineData("SELECT 1; DROP TABLE t")]
    [InlineData("COMMIT")]
    [InlineData("WITH gone AS (SELECT 1) DELETE FROM t")]
    [InlineData("COPY t TO '/nowhere/out.csv'")]
    public async Task Read_only_queries_refuse_to_change_anything(string sql)
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t AS SELECT 1 AS i", [], Token);
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => QueryAsync(sql)));
        Assert.Equal(1, await CountAsync("t"));
    }

    [Fact]
    public async Task Invalid_sql_names_what_is_wrong()
    {
        var error = await Assert.ThrowsAsync<TidemillException>(() => QueryAsync("SELECT nosuchcolumn FROM tidemill_checkpoints"));
        Assert.Equal(ErrorCode.SqlInvalid, error.Code);
        Assert.Contains("nosuchcolumn", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Queries_stream_more_rows_than_memory_would_want()
    {
        await using var result = await Warehouse.QueryAsync(
            "SELECT i FROM generate_series(1, 100000000) AS s(i)", [], readOnly: true, Token);
        Assert.Equal("i", Assert.Single(result.Columns).Name);
        long expected = 0;
        await foreach (var row in result.ReadRowsAsync(Token))
        {
            Assert.Equal(++expected, Convert.ToInt64(row[0], CultureInfo.InvariantCulture));
            if (expected == 10_000)
                break;
        }
    }

    [Fact]
    public async Task Cancelling_stops_a_long_query()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var query = Warehouse.ExecuteAsync(
            "CREATE TABLE huge AS SELECT count(*) AS n FROM generate_series(1, 3000000) a(i), generate_series(1, 3000000) b(j) WHERE "
                + "a.i + b.j = 0", [], stop.Token);
        stop.CancelAfter(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query.WaitAsync(TimeSpan.FromSeconds(20), Token));
        Assert.Null(await Warehouse.DescribeAsync(new TableName("huge"), Token));
    }

    [Fact]
    public async Task Describe_tells_tables_views_and_absence_apart()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE base (id integer PRIMARY KEY, v varchar)", [], Token);
        await Warehouse.ExecuteAsync("CREATE VIEW above AS SELECT v FROM base", [], Token);
        var table = await Warehouse.DescribeAsync(new TableName("base"), Token);
        var view = await Warehouse.DescribeAsync(new TableName("above"), Token);
        Assert.Equal((RelationKind.Table, "id"), (table!.Kind, Assert.Single(table.PrimaryKey)));
        Assert.Equal((RelationKind.View, new FieldType(FieldKind.Text)), (view!.Kind, Assert.Single(view.Columns).Type));
        Assert.Null(await Warehouse.DescribeAsync(new TableName("absent"), Token));
        Assert.Null(await Warehouse.DescribeAsync(new TableName("base", "elsewhere"), Token));
    }

    [Fact]
    public async Task System_tables_are_there()
    {
        await Warehouse.MigrateAsync(WorkflowTables.Set, Token);
        foreach (var name in new[]
        {
            SystemTables.Migrations, SystemTables.Checkpoints, SystemTables.DeadLetters, SystemTables.SchemaChanges,
            SystemTables.PipelineExecutions, SystemTables.TaskExecutions,
        })
        {
            Assert.NotEmpty((await Warehouse.DescribeAsync(new TableName(name), Token))!.PrimaryKey);
        }
    }

    [Fact]
    public async Task Many_callers_at_once_are_served()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE many (i integer)", [], Token);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => i % 2 == 0
            ? Warehouse.ExecuteAsync("INSERT INTO many VALUES ($1)", [i], Token)
            : CountAsync("many")));
        Assert.Equal(10, await CountAsync("many"));
    }
}
