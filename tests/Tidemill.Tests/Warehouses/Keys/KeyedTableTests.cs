using System.Globalization;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses.Keys;

/// <summary>Tables in DuckDB whose keys the writers know: what others do to the table, or to a writer, is met.</summary>
public sealed partial class KeyedTableTests : IAsyncLifetime
{
    private static readonly TableName Table = new("firsts");
    private static readonly TableWrite Ignore = new(Table, ConflictRule.Ignore) { Key = ["id"] };

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-keys-").FullName;

    private DuckDbWarehouse _warehouse = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _warehouse = await OpenAsync();
        await PlanAsync(writtenByKey: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _warehouse.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_table_has_no_index_and_holds_each_key_once()
    {
        Assert.Equal(3, await WriteAsync(1, 2, 2, 3, 1));
        Assert.Equal(1, await WriteAsync(3, 4));
        Assert.Equal("1,2,3,4", await IdsAsync());
        Assert.Empty((await _warehouse.DescribeAsync(Table, Token))!.PrimaryKey);
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(null, 9)));
    }

    [Fact]
    public async Task Keys_are_known_again_after_the_file_was_opened_anew()
    {
        await WriteAsync([.. Enumerable.Range(0, 10_000).Cast<int?>()]);
        await _warehouse.DisposeAsync();
        _warehouse = await OpenAsync();
        Assert.Equal(1, await WriteAsync(9_999, 10_000, 0));
    }

    [Fact]
    public async Task Keys_of_a_transaction_that_was_given_up_are_new_again()
    {
        await WriteAsync(1);
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using (var rows = Batch(1, 2, 3))
            Assert.Equal(2, await writer.WriteAsync(Ignore, rows, Token));

        await writer.RollbackAsync();
        Assert.Equal(2, await WriteAsync(1, 2, 3));
    }

    [Fact]
    public async Task Two_writers_of_one_table_never_write_the_same_key()
    {
        var written = await Task.WhenAll(Enumerable.Range(0, 4).Select(async seed =>
        {
            var random = new Random(seed);
            await using var writer = await _warehouse.OpenWriterAsync(Token);
            var sum = 0L;
            for (var i = 0; i < 30; i++)
            {
                await writer.BeginAsync(Token);
                using var rows = Batch([.. Enumerable.Range(0, 200).Select(_ => (int?)random.Next(3_000))]);
                var count = await writer.WriteAsync(Ignore, rows, Token);
                if (random.Next(3) == 0)
                {
                    await writer.RollbackAsync();
                    continue;
                }

                await writer.CommitAsync(Token);
                sum += count;
            }

            return sum;
        }));
        Assert.Equal(
            $"{written.Sum()},{written.Sum()}", string.Join(',', await NumbersAsync("SELECT count(*), count(DISTINCT id) FROM firsts")));
    }

    [Theory]
    [InlineData("DELETE FROM firsts WHERE id = 2")]
    [InlineData("WITH gone AS (SELECT 2 AS id) DELETE FROM main.firsts USING gone WHERE firsts.id = gone.id")]
    [InlineData("UPDATE \"firsts\" SET id = 7 WHERE id = 2")]
    public async Task Keys_that_sql_takes_away_are_new_again(string sql)
    {
        await WriteAsync(1, 2, 3);
        await _warehouse.ExecuteAsync(sql, [], Token);
        Assert.Equal(1, await WriteAsync(1, 2, 3));
    }

    [Fact]
    public async Task Keys_that_sql_brings_are_known()
    {
        await WriteAsync(1);
        await _warehouse.ExecuteInTransactionAsync(
            ["CREATE TABLE other AS SELECT 2 AS id", "INSERT INTO firsts SELECT id, 'sql' FROM other"], Token);
        await using (await _warehouse.QueryAsync("INSERT INTO firsts VALUES (3, 'sql') RETURNING id", [], readOnly: false, Token))
        {
        }

        await using (var writer = await _warehouse.OpenWriterAsync(Token))
        {
            await writer.BeginAsync(Token);
            using var rows = Batch(4);
            await writer.WriteAsync(new TableWrite(Table, ConflictRule.Append), rows, Token);
            await writer.ExecuteAsync("INSERT INTO firsts VALUES ($1, 'sql')", [5], Token);
            await writer.CommitAsync(Token);
        }

        Assert.Equal(1, await WriteAsync(1, 2, 3, 4, 5, 6));
    }

    [Fact]
    public async Task Sql_waits_for_the_transaction_that_holds_the_table()
    {
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Batch(1, 2);
        await writer.WriteAsync(Ignore, rows, Token);
        var insert = _warehouse.ExecuteAsync(
            "INSERT INTO firsts SELECT 2, 'sql' WHERE NOT EXISTS (SELECT 1 FROM firsts WHERE id = 2)", [], Token);
        Assert.Equal("0", string.Join(',', await NumbersAsync("SELECT count(*) FROM firsts")));
        Assert.False(insert.IsCompleted);
        await writer.CommitAsync(Token);
        Assert.Equal(0, await insert);
        Assert.Equal("1,2", await IdsAsync());
    }

    [Fact]
    public async Task A_change_that_began_before_the_keys_were_known_is_waited_for()
    {
        await using var first = await _warehouse.OpenWriterAsync(Token);
        await first.BeginAsync(Token);
        using var rows = Batch(1, 2);
        await first.WriteAsync(new TableWrite(Table, ConflictRule.Append), rows, Token);
        var second = WriteAsync(1, 2, 3);
        Assert.Equal("0", string.Join(',', await NumbersAsync("SELECT count(*) FROM firsts")));
        Assert.False(second.IsCompleted);
        await first.CommitAsync(Token);
        Assert.Equal(1, await second);
    }

    [Fact]
    public async Task Tables_of_one_name_in_two_schemas_are_two()
    {
        await _warehouse.ExecuteInTransactionAsync(["CREATE SCHEMA raw", "CREATE TABLE raw.firsts (id INTEGER NOT NULL, v TEXT)"], Token);
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Batch(1, 1);
        Assert.Equal(2, await writer.WriteAsync(new TableWrite(new("firsts", "raw"), ConflictRule.Append), rows, Token));
        Assert.Equal(1, await writer.WriteAsync(Ignore, rows, Token));
        Assert.Equal(0, await writer.WriteAsync(Ignore with { Table = new("FIRSTS", "main") }, rows, Token));
        await writer.CommitAsync(Token);
        Assert.Equal("1", await IdsAsync());
    }

    [Fact]
    public async Task A_writer_that_gives_up_waiting_or_is_disposed_holds_nobody_up()
    {
        await using (var holder = await _warehouse.OpenWriterAsync(Token))
        {
            await holder.BeginAsync(Token);
            using var rows = Batch(1);
            await holder.WriteAsync(Ignore, rows, Token);
            await using var waiter = await _warehouse.OpenWriterAsync(Token);
            await waiter.BeginAsync(Token);
            using var impatience = new CancellationTokenSource();
            var waiting = waiter.WriteAsync(Ignore, rows, impatience.Token);
            await impatience.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
            await waiter.RollbackAsync();
        }

        Assert.Equal(2, await WriteAsync(1, 2));
    }

    [Fact]
    public async Task After_a_commit_that_was_cut_off_the_keys_are_those_of_the_table()
    {
        await WriteAsync(1);
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Batch(2, 3);
        await writer.WriteAsync(Ignore, rows, Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writer.CommitAsync(new CancellationToken(canceled: true)));
        await writer.RollbackAsync();
        var there = (await NumbersAsync("SELECT count(*) FROM firsts WHERE id > 1"))[0];
        Assert.Equal(2 - there, await WriteAsync(1, 2, 3));
    }

    [Fact]
    public async Task Settings_that_sql_leaves_in_its_session_reach_nobody()
    {
        await _warehouse.ExecuteAsync("CREATE SCHEMA other", [], Token);
        await using (await _warehouse.QueryAsync("SET schema = 'other'", [], readOnly: false, Token))
        {
        }

        Assert.Equal(1, await WriteAsync(1));
        Assert.Equal(ErrorCode.SqlInvalid, await CodeOfAsync(() => _warehouse.QueryAsync("BEGIN", [], readOnly: false, Token)));
    }

    [Fact]
    public async Task A_transaction_that_saw_rows_of_before_another_one_and_changes_the_table_by_SQL_is_a_conflict()
    {
        await WriteAsync(1);
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        await writer.ExecuteAsync("CREATE TABLE first_statement (i integer)", [], Token);
        await WriteAsync(2);
        await writer.ExecuteAsync("DELETE FROM firsts WHERE id = 1", [], Token);
        using var rows = Batch(2);
        Assert.Equal(ErrorCode.TransactionConflict, await CodeOfAsync(() => writer.WriteAsync(Ignore, rows, Token)));
        await writer.RollbackAsync();
        Assert.Equal(0, await WriteAsync(1, 2));
    }

    [Fact]
    public async Task Equal_keys_in_a_table_are_reported_and_nothing_is_written()
    {
        await _warehouse.ExecuteAsync("INSERT INTO firsts VALUES (1, 'a'), (1, 'b')", [], Token);
        var error = await Assert.ThrowsAsync<TidemillException>(() => WriteAsync(2));
        Assert.Equal(
            (ErrorCode.SchemaConflict, "Table firsts: rows have equal keys (id). Remove them, or declare another key."),
            (error.Code, error.Message));
        await _warehouse.ExecuteAsync("DELETE FROM firsts WHERE v = 'b'", [], Token);
        Assert.Equal(1, await WriteAsync(1, 2));
    }

    [Fact]
    public async Task A_table_that_comes_to_be_appended_to_gets_its_primary_key()
    {
        await WriteAsync(1, 2);
        await PlanAsync(writtenByKey: false);
        Assert.Equal(["id"], (await _warehouse.DescribeAsync(Table, Token))!.PrimaryKey);
        Assert.Equal(2, await UpsertAsync(Batch(2, 3)));
        await PlanAsync(writtenByKey: true);
        Assert.Equal(1, await WriteAsync(1, 2, 3, 4));
    }

    [Fact]
    public async Task Values_beyond_the_type_of_a_batch_are_no_trouble()
    {
        await _warehouse.ExecuteAsync("CREATE OR REPLACE TABLE firsts (id BIGINT NOT NULL, v TEXT)", [], Token);
        await _warehouse.ExecuteAsync("INSERT INTO firsts VALUES (5000000000, 'far'), (1, 'near')", [], Token);
        Assert.Equal(1, await WriteAsync(1, 2));
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema("id bigint, v text"), [[5_000_000_000L, "again"], [2L, "again"], [3L, "new"]]);
        Assert.Equal(1, await writer.WriteAsync(Ignore, rows, Token));
        await writer.CommitAsync(Token);
    }

    [Fact]
    public async Task Stored_digits_that_a_batch_has_not_make_another_key()
    {
        await _warehouse.ExecuteAsync("CREATE TABLE prices (id DECIMAL(18,4) NOT NULL)", [], Token);
        await _warehouse.ExecuteAsync("INSERT INTO prices VALUES (1.2345), (2.5)", [], Token);
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Rows.Batch(Rows.Schema("id decimal(18,2)"), [[1.23m], [2.5m], [1.23m]]);
        Assert.Equal(1, await writer.WriteAsync(new TableWrite(new("prices", "main"), ConflictRule.Ignore) { Key = ["ID"] }, rows, Token));
        Assert.Equal(0, await writer.WriteAsync(new TableWrite(new("prices"), ConflictRule.Ignore) { Key = ["id"] }, rows, Token));
        await writer.CommitAsync(Token);
    }

    private Task<DuckDbWarehouse> OpenAsync() =>
        DuckDbWarehouse.OpenAsync(Path.Combine(_folder, "warehouse.duckdb"), new WarehouseConnection(), Token);

    private async Task PlanAsync(bool writtenByKey)
    {
        var schema = Rows.Schema("id integer, v text");
        var spec = new TableSpec(Table, new([.. schema.Fields.Select(field => field with { Required = field.Name == "id" })]))
        {
            PrimaryKey = ["id"],
            Rule = writtenByKey ? ConflictRule.Upsert : ConflictRule.Append,
            Indexes = [new IndexSpec(["v"])],
        };
        await _warehouse.ApplyAsync(await _warehouse.PlanAsync(spec, Token), Token);
    }

    private static Batch Batch(params int?[] ids) =>
        Rows.Batch(Rows.Schema("id integer, v text"), [.. ids.Select(id => new object?[] { id, "v" })]);

    private async Task<long> WriteAsync(params int?[] ids)
    {
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Batch(ids);
        var written = await writer.WriteAsync(Ignore, rows, Token);
        await writer.CommitAsync(Token);
        return written;
    }

    private async Task<string> IdsAsync()
    {
        await using var result = await _warehouse.QueryAsync(
            "SELECT string_agg(id, ',' ORDER BY id) FROM firsts", [], readOnly: true, Token);
        return (string)(await result.ReadRowsAsync(Token).ToListAsync(Token))[0][0]!;
    }

    private async Task<long[]> NumbersAsync(string sql)
    {
        await using var result = await _warehouse.QueryAsync(sql, [], readOnly: true, Token);
        return [.. (await result.ReadRowsAsync(Token).ToListAsync(Token))[0].Select(
            cell => Convert.ToInt64(cell, CultureInfo.InvariantCulture))];
    }

    private static async Task<ErrorCode> CodeOfAsync(Func<Task> work) =>
        (await Assert.ThrowsAsync<TidemillException>(work)).Code;
}
