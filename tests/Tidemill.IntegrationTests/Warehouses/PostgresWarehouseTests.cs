using System.Globalization;
using Npgsql;
using Tidemill.Connectors.Postgres;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Streaming;
using Tidemill.Tests.Warehouses;

namespace Tidemill.IntegrationTests.Warehouses;

public sealed class PostgresWarehouseTests : WarehouseContractTests
{
    private PostgresServer _server = null!;
    private WarehouseConnection _connection = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    protected override async Task<IWarehouse> CreateAsync()
    {
        _server = await PostgresServer.SharedAsync();
        _connection = await _server.CreateDatabaseAsync();
        return await PostgresWarehouse.OpenAsync(_connection, Token);
    }

    protected override async Task<IWarehouse> OpenForAsync(string project) =>
        await PostgresWarehouse.OpenAsync(_connection with { Project = project }, Token);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_connection is not null)
            await _server.DropDatabaseAsync(_connection);

        GC.SuppressFinalize(this);
    }

    private Task<List<object?[]>> QueryAsync(string sql) => QueryAsync(Warehouse, sql);

    private static async Task<List<object?[]>> QueryAsync(IWarehouse warehouse, string sql)
    {
        await using var result = await warehouse.QueryAsync(sql, [], readOnly: true, Token);
        return await result.ReadRowsAsync(Token).ToListAsync(Token);
    }

    private static async Task<ErrorCode> CodeOfAsync(Func<Task> work) => (await Assert.ThrowsAsync<TidemillException>(work)).Code;

    [Fact]
    public async Task System_tables_are_created_by_many_processes_at_once()
    {
        for (var round = 0; round < 3; round++)
        {
            var connection = (await _server.CreateDatabaseAsync()) with { Schema = "Mixed Case" };
            var opened = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => PostgresWarehouse.OpenAsync(connection, Token)));
            Assert.All(opened, warehouse => Assert.Equal("Mixed Case", warehouse.DefaultSchema));
            Assert.NotNull(await opened[0].DescribeAsync(new TableName(SystemTables.Checkpoints, "Mixed Case"), Token));
            await Task.WhenAll(opened.Select(warehouse => warehouse.MigrateAsync(StreamTables.Set, Token)));
            Assert.Equal(2 + StreamTables.Set.Migrations.Count, Convert.ToInt32(
                (await QueryAsync(opened[0], "SELECT count(*) FROM tidemill_migrations"))[0][0], CultureInfo.InvariantCulture));
            foreach (var warehouse in opened)
                await warehouse.DisposeAsync();

            await _server.DropDatabaseAsync(connection);
        }
    }

    [Fact]
    public async Task A_second_writer_waits_for_the_first_and_is_then_fenced()
    {
        CheckpointOwner owner = new("orders", "raw");
        OffsetRange range = new(new TopicPartition("orders", 0), new(0), new(10));
        await using var one = await Warehouse.OpenWriterAsync(Token);
        await using var two = await Warehouse.OpenWriterAsync(Token);
        await one.BeginAsync(Token);
        await two.BeginAsync(Token);
        await one.AdvanceAsync(owner, [range], Token);
        var second = two.AdvanceAsync(owner, [range], Token);
        await WaitForLockAsync();
        Assert.False(second.IsCompleted);
        await one.CommitAsync(Token);

        Assert.Equal(ErrorCode.CheckpointFenced, await CodeOfAsync(() => second.WaitAsync(TimeSpan.FromSeconds(20), Token)));
        await two.RollbackAsync();
    }

    private async Task WaitForLockAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        for (var i = 0; i < 1000; i++)
        {
            if ((await QueryAsync(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")).Count > 0)
            {
                return;
            }

            await timer.WaitForNextTickAsync(Token);
        }

        Assert.Fail("No session waited for a lock.");
    }

    [Fact]
    public async Task A_backend_killed_in_a_transaction_is_unavailable_and_the_writer_goes_on_with_a_new_one()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer PRIMARY KEY)", [], Token);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        var write = new TableWrite(new TableName("t"), ConflictRule.Ignore) { Key = ["i"] };
        using var rows = Rows.Batch(Rows.Schema("i integer"), [[1], [2], [2]]);
        await writer.BeginAsync(Token);
        await writer.WriteAsync(write, rows, Token);
        Assert.Equal(ErrorCode.Unavailable, await CodeOfAsync(() =>
            writer.ExecuteAsync("SELECT pg_terminate_backend(pg_backend_pid())", [], Token)));
        Assert.Equal(ErrorCode.Unavailable, await CodeOfAsync(() => writer.CommitAsync(Token)));
        await writer.RollbackAsync();

        await writer.BeginAsync(Token);
        Assert.Equal(2, await writer.WriteAsync(write, rows, Token));
        await writer.CommitAsync(Token);
        Assert.Equal(2, (await QueryAsync("SELECT * FROM t")).Count);
    }

    [Fact]
    public async Task A_worker_that_stands_still_in_the_middle_of_a_COPY_does_not_hold_its_keys_for_ever()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer PRIMARY KEY)", [], Token);
        await Warehouse.ExecuteAsync("CREATE TABLE other (i integer)", [], Token);
        var write = new TableWrite(new TableName("t"), ConflictRule.Ignore) { Key = ["i"] };
        using var rows = Rows.Batch(Rows.Schema("i integer"), [[1], [2]]);
        await using var frozen = NpgsqlDataSource.Create(
            $"Host={_connection.Host};Port={_connection.Port};Username={_connection.User};Password={_connection.Password};Database={_connection.Database};Application Name=tidemill");
        await using var session = await frozen.OpenConnectionAsync(Token);
        await using var transaction = await session.BeginTransactionAsync(Token);
        var copy = await session.BeginTextImportAsync("COPY t FROM STDIN", Token);
        await copy.WriteAsync("1\n");
        await copy.FlushAsync(Token);
        // A long COPY into another table stands still as well, and blocks nobody.
        await using var unrelated = await frozen.OpenConnectionAsync(Token);
        var load = await unrelated.BeginTextImportAsync("COPY other FROM STDIN", Token);
        await load.WriteAsync("1\n");
        await load.FlushAsync(Token);
        await using var writer = await Warehouse.OpenWriterAsync(Token);

        await RetryPolicy.UntilItWorks(TimeProvider.System, _ => { }).ExecuteAsync(async token =>
        {
            try
            {
                await writer.BeginAsync(token);
                await writer.WriteAsync(write, rows, token);
                await writer.CommitAsync(token);
            }
            catch
            {
                await writer.RollbackAsync();
                throw;
            }
        }, Token).AsTask().WaitAsync(TimeSpan.FromSeconds(40), Token);

        await Assert.ThrowsAnyAsync<Exception>(async () => await copy.DisposeAsync());
        Assert.Equal(2, (await QueryAsync("SELECT * FROM t")).Count);
        await load.DisposeAsync();
        Assert.Single(await QueryAsync("SELECT * FROM other"));
    }

    [Fact]
    public async Task A_server_that_goes_away_is_unavailable_until_it_is_back_and_committed_rows_survive_its_crash()
    {
        await using var server = await PostgresServer.StartPrivateAsync();
        await using var warehouse = await PostgresWarehouse.OpenAsync(await server.CreateDatabaseAsync(), Token);
        await warehouse.ExecuteAsync("CREATE TABLE t (i integer PRIMARY KEY)", [], Token);
        await using var writer = await warehouse.OpenWriterAsync(Token);
        var write = new TableWrite(new TableName("t"), ConflictRule.Append);
        using var first = Rows.Batch(Rows.Schema("i integer"), [[1]]);
        using var second = Rows.Batch(Rows.Schema("i integer"), [[2]]);
        await writer.BeginAsync(Token);
        await writer.WriteAsync(write, first, Token);
        await writer.CommitAsync(Token);
        await writer.BeginAsync(Token);
        await writer.WriteAsync(write, second, Token);
        await server.KillAsync();
        Assert.Equal(ErrorCode.Unavailable, await CodeOfAsync(() => writer.CommitAsync(Token)));
        await writer.RollbackAsync();
        Assert.Equal(ErrorCode.Unavailable, await CodeOfAsync(() => writer.BeginAsync(Token)));
        Assert.Equal(ErrorCode.Unavailable, await CodeOfAsync(() => warehouse.ExecuteAsync("SELECT 1", [], Token)));

        await server.StartAsync();

        await writer.BeginAsync(Token);
        await writer.WriteAsync(write, second, Token);
        await writer.CommitAsync(Token);
        await using var result = await warehouse.QueryAsync("SELECT i FROM t ORDER BY i", [], readOnly: true, Token);
        Assert.Equal([1, 2], (await result.ReadRowsAsync(Token).ToListAsync(Token)).Select(row => row[0]));
    }

    [Fact]
    public async Task Connections_that_cannot_be_made_say_why()
    {
        Assert.Equal(
            ErrorCode.AccessDenied, await CodeOfAsync(() => PostgresWarehouse.OpenAsync(_connection with { Password = "wrong" }, Token)));
        Assert.Equal(
            ErrorCode.NotFound, await CodeOfAsync(() => PostgresWarehouse.OpenAsync(_connection with { Database = "nowhere" }, Token)));
        var error = await Assert.ThrowsAsync<TidemillException>(() => PostgresWarehouse.OpenAsync(_connection with { Port = 1 }, Token));
        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.DoesNotContain(_connection.Password!, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Text_with_nul_rejects_the_row_without_showing_it()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer, v text)", [], Token);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema("i integer, v text"), [[1, "fine"], [2, "sec\0ret"]]);
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => writer.WriteAsync(new TableWrite(new TableName("t"), ConflictRule.Append), rows, Token));
        Assert.Equal(ErrorCode.RowRejected, error.Code);
        Assert.Contains("Column v", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("ret", error.Message.Replace("store", "", StringComparison.Ordinal), StringComparison.Ordinal);
        await writer.RollbackAsync();
        await writer.BeginAsync(Token);
        using var fine = Rows.Batch(Rows.Schema("i integer, v text"), [[1, "fine"]]);
        Assert.Equal(1, await writer.WriteAsync(new TableWrite(new TableName("t"), ConflictRule.Append), fine, Token));
        await writer.CommitAsync(Token);
    }

    [Fact]
    public async Task Infinite_times_keep_their_meaning_and_times_out_of_range_reject_the_row()
    {
        const string Columns = "i integer, d date, t timestamp, z timestamptz";
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer, d date, t timestamp, z timestamptz)", [], Token);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        var write = new TableWrite(new TableName("t"), ConflictRule.Append);
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema(Columns),
        [
            [1, DuckDbDate.PositiveInfinity, DuckDbTimestamp.PositiveInfinity, DuckDbTimestamp.PositiveInfinity],
            [2, DuckDbDate.NegativeInfinity, DuckDbTimestamp.NegativeInfinity, DuckDbTimestamp.NegativeInfinity],
        ]);
        await writer.WriteAsync(write, rows, Token);
        await writer.CommitAsync(Token);
        Assert.Equal(["infinity", "infinity", "infinity"], (await QueryAsync("SELECT d::text, t::text, z::text FROM t WHERE i = 1"))[0]);
        Assert.Equal(["-infinity", "-infinity", "-infinity"], (await QueryAsync("SELECT d::text, t::text, z::text FROM t WHERE i = 2"))[0]);

        foreach (var bad in new object?[][]
        {
            [3, new DuckDbDate(int.MinValue + 10), null, null], [3, new DuckDbDate(int.MaxValue - 10), null, null],
            [3, null, new DuckDbTimestamp(long.MinValue + 10), null], [3, null, null, new DuckDbTimestamp(-300_000_000_000_000_000)],
        })
        {
            await writer.BeginAsync(Token);
            using var batch = Rows.Batch(Rows.Schema(Columns), [bad]);
            Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => writer.WriteAsync(write, batch, Token)));
            await writer.RollbackAsync();
        }
    }

    [Fact]
    public async Task Values_larger_than_any_buffer_are_written_whole()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (i integer, v text, b bytea)", [], Token);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema("i integer, v text, b blob"), [.. new[] { 0, 1, 262_100, 262_144, 600_000, 3_000_000, 5 }
            .Select((length, i) => new object?[] { i, new string('x', length), new byte[length] })]);
        await writer.WriteAsync(new TableWrite(new TableName("t"), ConflictRule.Append), rows, Token);
        await writer.CommitAsync(Token);
        Assert.Equal([0, 1, 262_100, 262_144, 600_000, 3_000_000, 5],
            (await QueryAsync("SELECT length(v) FROM t WHERE length(v) = length(b) ORDER BY i")).Select(row => row[0]));
    }

    [Fact]
    public async Task Columns_of_types_without_a_binary_form_are_converted_by_the_server()
    {
        await Warehouse.ExecuteAsync("CREATE TYPE mood AS ENUM ('sad', 'happy')", [], Token);
        await Warehouse.ExecuteAsync("CREATE TABLE t (i smallint PRIMARY KEY, m mood, c character(3), v varchar(3), s text)", [], Token);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        var write = new TableWrite(new TableName("t"), ConflictRule.Ignore) { Key = ["i"] };
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema("i bigint, m text, c text, v text, s integer"), [[1L, "happy", "EUR", "abc", 17]]);
        Assert.Equal(1, await writer.WriteAsync(write, rows, Token));
        await writer.CommitAsync(Token);
        Assert.Equal(["happy", "EUR", "abc", "17"], (await QueryAsync("SELECT m::text, c, v, s FROM t"))[0]);

        await writer.BeginAsync(Token);
        using var cut = Rows.Batch(Rows.Schema("i bigint, m text, c text, v text, s integer"), [[2L, "happy", "EUR", "abcd", 17]]);
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => writer.WriteAsync(write, cut, Token)));
        await writer.RollbackAsync();
    }

    [Fact]
    public async Task Messages_hold_no_values_of_rows()
    {
        await Warehouse.ExecuteAsync("CREATE TABLE t (v text PRIMARY KEY)", [], Token);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema("v text"), [["topsecret"], ["topsecret"]]);
        var error = await Assert.ThrowsAsync<TidemillException>(
            () => writer.WriteAsync(new TableWrite(new TableName("t"), ConflictRule.Append), rows, Token));
        Assert.Equal(ErrorCode.RowRejected, error.Code);
        Assert.DoesNotContain("topsecret", error.ToString(), StringComparison.Ordinal);
        Assert.IsType<PostgresException>(error.InnerException);
    }
}
