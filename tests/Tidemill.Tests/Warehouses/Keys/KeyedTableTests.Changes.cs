using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses.Keys;

/// <summary>Upserts and merges: stored rows that are replaced or changed.</summary>
public sealed partial class KeyedTableTests
{
    [Fact]
    public async Task Replaced_rows_keep_what_a_column_added_meanwhile_holds()
    {
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        foreach (var (sql, expected) in new[] { ("ALTER TABLE firsts ADD COLUMN note TEXT DEFAULT "
            + "'kept'", "kept"), ("UPDATE firsts SET note = 'changed'", "changed") })
        {
            await UpsertAsync(Batch(1, 2), writer);
            await _warehouse.ExecuteAsync(sql, [], Token);
            await UpsertAsync(Batch(1, 2), writer);
            Assert.Equal([expected, expected], await TextsAsync("SELECT note FROM firsts"));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Replaced_rows_are_there_after_a_crash(bool writtenByKey)
    {
        await PlanAsync(writtenByKey);
        await _warehouse.ExecuteAsync("CREATE UNIQUE INDEX one ON firsts (v)", [], Token);
        for (var round = 0; round < 3; round++)
        {
            await using var writer = await _warehouse.OpenWriterAsync(Token);
            await writer.BeginAsync(Token);
            using var rows = Rows.Batch(
                Rows.Schema("id integer, v text"), [.. Enumerable.Range(0, 5_000).Select(id => new object?[] { id, $"v{id}" })]);
            await writer.WriteAsync(Ignore with { Rule = ConflictRule.Upsert }, rows, Token);
            await writer.WriteAsync(Ignore with { Rule = ConflictRule.Upsert }, rows, Token);
            await writer.CommitAsync(Token);
        }

        // What a killed process leaves: the file and its write-ahead log as they stand.
        foreach (var file in new[] { "warehouse.duckdb", "warehouse.duckdb.wal" })
            File.Copy(Path.Combine(_folder, file), Path.Combine(_folder, $"left.{file}"));

        await _warehouse.DisposeAsync();
        File.Move(Path.Combine(_folder, "left.warehouse.duckdb"), Path.Combine(_folder, "warehouse.duckdb"), overwrite: true);
        File.Move(Path.Combine(_folder, "left.warehouse.duckdb.wal"), Path.Combine(_folder, "warehouse.duckdb.wal"), overwrite: true);
        _warehouse = await OpenAsync();
        Assert.Equal("5000,5000", string.Join(',', await NumbersAsync("SELECT count(*), count(DISTINCT v) FROM firsts")));
        using var more = Rows.Batch(Rows.Schema("id integer, v text"), [[2, "two"], [5_000, "more"]]);
        Assert.Equal(2, await UpsertAsync(more));
    }

    [Theory]
    [InlineData(ConflictRule.Upsert)]
    [InlineData(ConflictRule.Merge)]
    public async Task A_row_that_another_wrote_since_the_transaction_began_is_neither_doubled_nor_lost(ConflictRule rule)
    {
        var write = new TableWrite(
            Table, rule)
        { Key = ["id"], Merge = new Dictionary<string, MergeOperation> { ["v"] = MergeOperation.Last } };
        await UpsertAsync(Batch(1));
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        await writer.ExecuteAsync("SELECT count(*) FROM firsts", [], Token);
        await UpsertAsync(Batch(2));
        using var rows = Rows.Batch(Rows.Schema("id integer, v text"), [[1, "late"], [2, "late"], [3, "late"]]);
        Assert.Equal(ErrorCode.TransactionConflict, await CodeOfAsync(() => writer.WriteAsync(write, rows, Token)));
        await writer.RollbackAsync();
        await writer.BeginAsync(Token);
        Assert.Equal(3, await writer.WriteAsync(write, rows, Token));
        await writer.CommitAsync(Token);
        Assert.Equal(["1 late", "2 late", "3 late"], await TextsAsync("SELECT concat(id, ' ', v) FROM firsts ORDER BY id"));
    }

    [Theory]
    [InlineData(ConflictRule.Upsert)]
    [InlineData(ConflictRule.Merge)]
    public async Task Four_writers_of_shared_rows_lose_nothing(ConflictRule rule)
    {
        await _warehouse.ExecuteAsync("CREATE TABLE shared (id INTEGER NOT NULL, n BIGINT)", [], Token);
        var write = new TableWrite(
            new("shared"), rule)
        { Key = ["id"], Merge = new Dictionary<string, MergeOperation> { ["n"] = MergeOperation.Sum } };
        var sums = await Task.WhenAll(Enumerable.Range(0, 4).Select(async seed =>
        {
            var random = new Random(seed);
            await using var writer = await _warehouse.OpenWriterAsync(Token);
            var sum = 0L;
            for (var batch = 0; batch < 40;)
            {
                int[] ids = [.. Enumerable.Range(0, 100).Select(_ => random.Next(2_000)).Distinct()];
                using var rows = Rows.Batch(Rows.Schema("id integer, n bigint"), [.. ids.Select(id => new object?[] { id, 1L })]);
                await writer.BeginAsync(Token);
                try
                {
                    // The transaction's view of the table is from before its turn.
                    await writer.ExecuteAsync("SELECT count(*) FROM shared", [], Token);
                    await writer.WriteAsync(write, rows, Token);
                    await writer.CommitAsync(Token);
                    (batch, sum) = (batch + 1, sum + ids.Length);
                }
                catch (TidemillException error) when (error.Code == ErrorCode.TransactionConflict)
                {
                    await writer.RollbackAsync();
                }
            }

            return sum;
        }));
        var numbers = await NumbersAsync("SELECT count(*), count(DISTINCT id), sum(n)::BIGINT FROM shared");
        Assert.Equal(numbers[0], numbers[1]);
        Assert.Equal(rule == ConflictRule.Merge ? sums.Sum() : numbers[0], numbers[2]);
    }

    [Fact]
    public async Task A_table_that_grows_a_hundredfold_under_one_writer_holds_the_last_row_of_each_key()
    {
        await using var writer = await _warehouse.OpenWriterAsync(Token);
        for (var rows = 1; rows <= 40_000; rows *= 6)
        {
            using var batch = Rows.Batch(
                Rows.Schema("id integer, v text"), [.. Enumerable.Range(0, rows).Select(id => new object?[] { id, $"{rows}" })]);
            await UpsertAsync(batch, writer);
            Assert.Equal([$"{rows} {rows} {rows}"], await TextsAsync("SELECT concat(count(*), ' ', min(v), ' ', max(v)) FROM firsts"));
        }
    }

    private async Task<long> UpsertAsync(Batch rows, IWarehouseWriter? given = null)
    {
        var writer = given ?? await _warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        var written = await writer.WriteAsync(Ignore with { Rule = ConflictRule.Upsert }, rows, Token);
        await writer.CommitAsync(Token);
        await (given is null ? writer.DisposeAsync() : default);
        return written;
    }

    private async Task<List<string?>> TextsAsync(string sql)
    {
        await using var result = await _warehouse.QueryAsync(sql, [], readOnly: true, Token);
        return await result.ReadRowsAsync(Token).Select(row => (string?)row[0]).ToListAsync(Token);
    }
}
