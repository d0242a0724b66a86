using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses;

/// <summary>Sessions: temporary tables, settings, queries and statements in one transaction.</summary>
public abstract partial class WarehouseContractTests
{
    private static async Task<List<object?[]>> QueryAsync(ISqlSession session, string sql, params object?[] parameters)
    {
        await using var result = await session.QueryAsync(sql, parameters, Token);
        return await result.ReadRowsAsync(Token).ToListAsync(Token);
    }

    [Fact]
    public async Task A_sessions_temporary_tables_live_as_long_as_it_does_and_reach_nobody_else()
    {
        for (var round = 0; round < 2; round++)
        {
            await using var session = await Warehouse.OpenSessionAsync(Token);
            await session.ExecuteAsync("CREATE TEMP TABLE work AS SELECT 1 AS i", [], Token);
            Assert.Equal(2, await session.ExecuteAsync("INSERT INTO work VALUES ($1), ($2)", [2, 3], Token));
            Assert.Equal([[1], [2], [3]], await QueryAsync(session, "SELECT i FROM work ORDER BY 1"));
            await using var other = await Warehouse.OpenSessionAsync(Token);
            Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => QueryAsync(other, "SELECT * FROM work")));
            Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => QueryAsync("SELECT * FROM work")));
        }
    }

    [Fact]
    public async Task A_sessions_settings_end_with_it()
    {
        await using (var session = await Warehouse.OpenSessionAsync(Token))
        {
            await session.ExecuteAsync("CREATE SCHEMA apart", [], Token);
            await session.ExecuteAsync("SET search_path = 'apart'", [], Token);
            await session.ExecuteAsync("CREATE TABLE here (i integer)", [], Token);
            Assert.Empty(await QueryAsync(session, "SELECT * FROM here"));
        }

        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => QueryAsync("SELECT * FROM here")));
        Assert.Empty(await QueryAsync("SELECT * FROM apart.here"));
    }

    [Fact]
    public async Task Queries_and_statements_of_a_session_form_one_transaction()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer)", [], Token);
        await using var session = await Warehouse.OpenSessionAsync(Token);
        foreach (var committed in (bool[])[false, true])
        {
            await session.BeginAsync(Token);
            Assert.Equal(ErrorCode.InvalidRequest, await CodeOfAsync(() => session.BeginAsync(Token)));
            await session.ExecuteAsync("INSERT INTO t VALUES (1), (2)", [], Token);
            Assert.Equal([[3L]], await QueryAsync(session, "SELECT CAST(sum(i) AS bigint) FROM t"));
            Assert.Equal([[7], [8]], await QueryAsync(session, "INSERT INTO t VALUES (7), (8) RETURNING i"));
            Assert.Empty(await QueryAsync("SELECT * FROM t"));
            if (committed) await session.CommitAsync(Token);
            else await session.RollbackAsync();
            Assert.Equal(committed ? 4 : 0, await CountAsync("t"));
        }

        Assert.Equal(ErrorCode.InvalidRequest, await CodeOfAsync(() => session.CommitAsync(Token)));
    }

    [Fact]
    public async Task An_error_in_a_sessions_transaction_leaves_nothing_and_the_session_goes_on()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer)", [], Token);
        await using var session = await Warehouse.OpenSessionAsync(Token);
        await session.BeginAsync(Token);
        await session.ExecuteAsync("INSERT INTO t VALUES (1)", [], Token);
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => session.ExecuteAsync("INSERT INTO nowhere VALUES (1)", [], Token)));
        await session.RollbackAsync();
        await session.RollbackAsync();
        Assert.Equal(0, await CountAsync("t"));
        await session.ExecuteAsync("INSERT INTO t VALUES (5)", [], Token);
        Assert.Equal([[5]], await QueryAsync(session, "SELECT * FROM t"));
    }

    [Theory]
    [InlineData("BEGIN")]
    [InlineData("commit")]
    [InlineData("-- x\nROLLBACK")]
    public async Task Sql_that_begins_or_ends_a_transaction_is_refused_in_a_session(string sql)
    {
        await using var session = await Warehouse.OpenSessionAsync(Token);
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => session.ExecuteAsync(sql, [], Token)));
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => QueryAsync(session, sql)));
    }

    [Fact]
    public async Task A_result_that_is_left_halfway_leaves_the_session_usable()
    {
        await using var session = await Warehouse.OpenSessionAsync(Token);
        await session.ExecuteAsync("CREATE TEMP TABLE many AS SELECT * FROM generate_series(1, 100000) AS g(i)", [], Token);
        await using (var result = await session.QueryAsync("SELECT * FROM many", [], Token))
            Assert.NotEmpty(await result.ReadRowsAsync(Token).Take(3).ToListAsync(Token));

        Assert.Equal([[100000L]], await QueryAsync(session, "SELECT count(*) FROM many"));
    }

    [Fact]
    public async Task A_session_that_is_disposed_in_a_transaction_gives_it_up()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer)", [], Token);
        await using (var session = await Warehouse.OpenSessionAsync(Token))
        {
            await session.BeginAsync(Token);
            await session.ExecuteAsync("INSERT INTO t VALUES (1)", [], Token);
        }

        Assert.Equal(0, await CountAsync("t"));
    }

    [Fact]
    public async Task Rows_that_a_session_changes_are_known_to_writers_by_key()
    {
        await CreateTableAsync("keyed", "id integer, v text", isWrittenByKey: true, "id");
        var ignore = new TableWrite(new("keyed"), ConflictRule.Ignore) { Key = ["id"] };
        var schema = Rows.Schema("id integer, v text");
        Assert.Equal(2, await WriteAsync(ignore, Rows.Batch(schema, [[1, "a"], [2, "b"]])));
        await using var session = await Warehouse.OpenSessionAsync(Token);
        await session.BeginAsync(Token);
        await session.ExecuteAsync("DELETE FROM keyed WHERE id = 1", [], Token);
        await session.ExecuteAsync("INSERT INTO keyed VALUES (3, 'c')", [], Token);
        await session.CommitAsync(Token);
        Assert.Equal(1, await WriteAsync(ignore, Rows.Batch(schema, [[1, "again"], [2, "x"], [3, "x"]])));
        Assert.Equal([[1, "again"], [2, "b"], [3, "c"]], await QueryAsync("SELECT * FROM keyed ORDER BY id"));
    }

    [Fact]
    public async Task A_parameter_without_a_value_is_invalid_SQL()
    {
        await using var session = await Warehouse.OpenSessionAsync(Token);
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => QueryAsync(session, "SELECT $1")));
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => QueryAsync("SELECT $1")));
    }
}
