using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses;

public abstract partial class WarehouseContractTests
{
    [Theory]
    [InlineData(1, 2048, false)]
    [InlineData(2, 100, false)]
    [InlineData(2, 100, true)]
    public async Task Ignore_keeps_the_first_of_equal_keys_within_and_across_batches(int batches, int rowsPerChunk, bool isWrittenByKey)
    {
        await CreateTableAsync("firsts", "id integer, n integer", isWrittenByKey, "id");
        var write = new TableWrite(new("firsts"), ConflictRule.Ignore) { Key = ["id"] };
        await WriteAsync(write, Rows.Batch(Rows.Schema("id integer, n integer"), [[0, -1]]));
        var random = new Random(7);
        var rows = Enumerable.Range(0, 20_000).Select(n => new object?[] { random.Next(6_000), n }).ToList();
        var expected = rows.GroupBy(row => (int)row[0]!).ToDictionary(g => g.Key, g => g.Key == 0 ? -1 : (int)g.First()[1]!);
        expected[0] = -1;

        var changed = 0L;
        foreach (var part in rows.Chunk(rows.Count / batches))
            changed += await WriteAsync(write, Rows.Batch(Rows.Schema("id integer, n integer"), part, rowsPerChunk));

        Assert.Equal(expected.Count - 1, changed);
        var read = await QueryAsync("SELECT id, n FROM firsts");
        Assert.Equal(expected.OrderBy(p => p.Key), read.ToDictionary(r => (int)r[0]!, r => (int)r[1]!).OrderBy(p => p.Key));
    }

    [Fact]
    public async Task Ignore_writes_clean_and_repeated_batches_in_turn_through_one_writer()
    {
        await CreateTableAsync("turns", "id integer, v text", "id");
        var write = new TableWrite(new("turns"), ConflictRule.Ignore) { Key = ["id"] };
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        var next = 0;
        for (var round = 0; round < 12; round++)
        {
            await writer.BeginAsync(Token);
            using var clean = Pairs(next, 100);
            Assert.Equal(100, await writer.WriteAsync(write, clean, Token));
            if (round % 3 == 0)
            {
                using var mixed = Pairs(next + 50, 100);
                Assert.Equal(50, await writer.WriteAsync(write, mixed, Token));
                next += 50;
            }

            next += 100;
            if (round % 4 == 3)
            {
                await writer.RollbackAsync();
                next = (int)await CountAsync("turns");
                continue;
            }

            await writer.CommitAsync(Token);
            Assert.Equal(next, await CountAsync("turns"));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upsert_keeps_the_last_of_equal_keys_within_and_across_batches(bool isWrittenByKey)
    {
        await CreateTableAsync("lasts", "id integer, n integer, v text", isWrittenByKey, "id");
        var schema = Rows.Schema("id integer, n integer, v text");
        var write = new TableWrite(new("lasts"), ConflictRule.Upsert) { Key = ["id"] };
        var random = new Random(8);
        var rows = Enumerable.Range(0, 12_000)
            .Select(n => new object?[] { random.Next(4_000), n, n % 5 == 0 ? null : $"text {n}" })
            .ToList();
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        foreach (var transaction in rows.Chunk(6_000))
        {
            await writer.BeginAsync(Token);
            foreach (var part in transaction.Chunk(3_000))
            {
                using var batch = Rows.Batch(schema, part, 512);
                await writer.WriteAsync(write, batch, Token);
            }

            await writer.CommitAsync(Token);
        }

        var read = await QueryAsync("SELECT id, n, v FROM lasts");
        var expected = rows.GroupBy(row => (int)row[0]!).Select(g => g.Last()).OrderBy(r => (int)r[0]!);
        Assert.Equal(expected, read.OrderBy(r => (int)r[0]!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upsert_counts_rows_and_leaves_columns_alone_that_the_batch_has_not(bool isWrittenByKey)
    {
        await CreateTableAsync("wider", "id integer, v text, note text", isWrittenByKey, "id");
        var write = new TableWrite(new("wider"), ConflictRule.Upsert) { Key = ["id"] };
        Assert.Equal(2, await WriteAsync(write, Rows.Batch(Rows.Schema("note text, id integer, v text"), [["a", 1, "x"], ["b", 2, "x"]])));

        Assert.Equal(
            3, await WriteAsync(write, Rows.Batch(Rows.Schema("id integer, v text"), [[2, "lost"], [1, "y"], [2, "y"], [3, "y"]])));

        Assert.Equal([[1, "y", "a"], [2, "y", "b"], [3, "y", null]], await QueryAsync("SELECT id, v, note FROM wider ORDER BY id"));
        Assert.Equal(1, await WriteAsync(write, Rows.Batch(Rows.Schema("id integer"), [[3], [4]])));
        Assert.Equal(4, await CountAsync("wider"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upsert_given_up_leaves_the_rows_as_they_were(bool isWrittenByKey)
    {
        await CreateTableAsync("pairs", "id integer, v text", isWrittenByKey, "id");
        var write = new TableWrite(new("pairs"), ConflictRule.Upsert) { Key = ["id"] };
        await WriteAsync(write, Pairs(0, 100, "old"));
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using (var rows = Pairs(50, 100, "given up"))
        {
            Assert.Equal(100, await writer.WriteAsync(write, rows, Token));
            Assert.Equal(100, await writer.WriteAsync(write, rows, Token));
        }

        await writer.RollbackAsync();
        Assert.Equal([100L, 100L], (await QueryAsync("SELECT count(*), count(CASE v WHEN 'old' THEN 1 END) FROM pairs"))[0]);
        Assert.Equal(100, await WriteAsync(write, Pairs(50, 100, "new")));
        Assert.Equal([150L, 100L], (await QueryAsync("SELECT count(*), count(CASE v WHEN 'new' THEN 1 END) FROM pairs"))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upsert_replaces_rows_that_a_query_is_reading(bool isWrittenByKey)
    {
        await CreateTableAsync("pairs", "id integer, v text", isWrittenByKey, "id");
        var write = new TableWrite(new("pairs"), ConflictRule.Upsert) { Key = ["id"] };
        await WriteAsync(write, Pairs(0, 20_000, "old"));
        await using (var result = await Warehouse.QueryAsync("SELECT v FROM pairs", [], readOnly: true, Token))
        {
            await using var rows = result.ReadRowsAsync(Token).GetAsyncEnumerator(Token);
            Assert.True(await rows.MoveNextAsync());
            for (var round = 0; round < 3; round++)
                Assert.Equal(20_000, await WriteAsync(write, Pairs(0, 20_000, $"new {round}")));

            do
                Assert.Equal("old", rows.Current[0]);
            while (await rows.MoveNextAsync());
        }

        Assert.Equal([20_000L, "new 2", "new 2"], (await QueryAsync("SELECT count(*), min(v), max(v) FROM pairs"))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Upsert_changes_columns_that_an_index_covers(bool isWrittenByKey)
    {
        var spec = new TableSpec(new TableName("covered"), Rows.Schema("id integer, n integer, m integer"))
        {
            PrimaryKey = ["id"],
            Rule = isWrittenByKey ? ConflictRule.Upsert : ConflictRule.Append,
            Indexes = [new IndexSpec(["n"]), new IndexSpec(["m"], Unique: true)],
        };
        await Warehouse.ApplyAsync(await Warehouse.PlanAsync(spec, Token), Token);
        var write = new TableWrite(new("covered"), ConflictRule.Upsert) { Key = ["id"] };
        for (var round = 0; round < 3; round++)
        {
            var n = round;
            await WriteAsync(write, Rows.Batch(spec.Schema, [.. Enumerable.Range(0, 100).Select(i => new object?[] { i, n, -i })]));
        }

        Assert.Equal([100L, 2, 2, -99], (await QueryAsync("SELECT count(*), min(n), max(n), min(m) FROM covered"))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Merge_combines_each_column_by_its_operation_with_null_as_neutral(bool isWrittenByKey)
    {
        const string Columns = "hour timestamp, total decimal(18,2), low integer, high integer, latest text, first text";
        await CreateTableAsync("merged", Columns, isWrittenByKey, "hour");
        var hour = new DateTime(2024, 1, 1, 5, 0, 0);
        var write = new TableWrite(new("merged"), ConflictRule.Merge)
        {
            Key = ["hour"],
            Merge = new Dictionary<string, MergeOperation>
            {
                ["total"] = MergeOperation.Sum,
                ["low"] = MergeOperation.Min,
                ["high"] = MergeOperation.Max,
                ["latest"] = MergeOperation.Last,
                ["first"] = MergeOperation.First,
            },
        };
        object?[][] steps =
        [
            [hour, null, null, null, null, null], [hour, 1.50m, 5, 5, "a", "a"], [hour, 2.25m, 3, 9, "b", "b"],
            [hour, null, null, null, null, null], [hour, -0.75m, 4, 4, "c", "c"],
        ];
        foreach (var step in steps)
            await WriteAsync(write, Rows.Batch(Rows.Schema(Columns), [step]));

        Assert.Equal([hour, 3.00m, 3, 9, "c", "a"], (await QueryAsync("SELECT * FROM merged"))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Merge_of_rows_with_equal_keys_rejects_them(bool isWrittenByKey)
    {
        await CreateTableAsync("sums", "id integer, n integer", isWrittenByKey, "id");
        var write = new TableWrite(
            new("sums"),
            ConflictRule.Merge)
        { Key = ["id"], Merge = new Dictionary<string, MergeOperation> { ["n"] = MergeOperation.Sum } };
        var schema = Rows.Schema("id integer, n integer");
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(write, Rows.Batch(schema, [[1, 1], [2, 1], [1, 1]]))));
        Assert.Equal(2, await WriteAsync(write, Rows.Batch(schema, [[1, 1], [2, 1]])));
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(write, Rows.Batch(schema, [[1, 1], [1, 1]]))));
        Assert.Equal(2, await WriteAsync(write, Rows.Batch(schema, [[1, 5], [3, 1]])));
        Assert.Equal([[1, 6], [2, 1], [3, 1]], await QueryAsync("SELECT id, n FROM sums ORDER BY id"));
    }

    [Fact]
    public async Task Sql_and_writes_by_key_of_one_table_go_into_one_transaction()
    {
        await CreateTableAsync("mixed", "id integer, v text", isWrittenByKey: true, "id");
        var schema = Rows.Schema("id integer, v text");
        var upsert = new TableWrite(new("mixed"), ConflictRule.Upsert) { Key = ["id"] };
        Assert.Equal(3, await WriteAsync(upsert, Rows.Batch(schema, [[1, "a"], [2, "b"], [3, "c"]])));
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        foreach (var committed in (bool[])[false, true])
        {
            await writer.BeginAsync(Token);
            await writer.ExecuteAsync("DELETE FROM mixed WHERE id <= 2", [], Token);
            await writer.ExecuteAsync("INSERT INTO mixed VALUES (7, 'g')", [], Token);
            using var first = Rows.Batch(schema, [[1, "again"], [3, "changed"], [7, "h"]]);
            await writer.WriteAsync(upsert, first, Token);
            await writer.ExecuteAsync("DELETE FROM mixed WHERE id = 3", [], Token);
            using var second = Rows.Batch(schema, [[3, "third"], [1, "last"]]);
            await writer.WriteAsync(upsert, second, Token);
            if (committed) await writer.CommitAsync(Token);
            else await writer.RollbackAsync();
            object?[][] expected = committed ? [[1, "last"], [3, "third"], [7, "h"]] : [[1, "a"], [2, "b"], [3, "c"]];
            Assert.Equal(expected, await QueryAsync("SELECT id, v FROM mixed ORDER BY id"));
        }

        await writer.BeginAsync(Token);
        await writer.ExecuteAsync("TRUNCATE mixed", [], Token);
        using var fresh = Rows.Batch(schema, [[1, "x"], [9, "y"]]);
        Assert.Equal(2, await writer.WriteAsync(upsert, fresh, Token));
        await writer.CommitAsync(Token);
        Assert.Equal(1, await WriteAsync(upsert, Rows.Batch(schema, [[9, "z"]])));
        Assert.Equal([[1, "x"], [9, "z"]], await QueryAsync("SELECT id, v FROM mixed ORDER BY id"));
    }

    [Fact]
    public async Task Merge_without_an_operation_for_a_column_is_an_invalid_request()
    {
        await CreateTableAsync("pairs", "id integer, v text", "id");
        Assert.Equal(ErrorCode.InvalidRequest, await CodeOfAsync(() =>
            WriteAsync(new TableWrite(new("pairs"), ConflictRule.Merge) { Key = ["id"] }, Pairs(0, 1))));
    }
}
