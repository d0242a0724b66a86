using System.Globalization;
using System.Numerics;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;

namespace Tidemill.Tests.Warehouses;

/// <summary>What every warehouse does; run against DuckDB here and against a PostgreSQL server by the integration tests.</summary>
public abstract partial class WarehouseContractTests : IAsyncLifetime
{
    private static readonly CheckpointOwner Owner = new("orders", "raw");

    protected IWarehouse Warehouse { get; private set; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A warehouse of the test's own, empty but for the system tables.</summary>
    protected abstract Task<IWarehouse> CreateAsync();

    public async ValueTask InitializeAsync() => Warehouse = await CreateAsync();

    public virtual async ValueTask DisposeAsync()
    {
        if (Warehouse is { } open)
        {
            await open.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    private Task CreateTableAsync(string name, string columns, params string[] key) => CreateTableAsync(name, columns, isWrittenByKey: false, key);

    private async Task CreateTableAsync(string name, string columns, bool isWrittenByKey, params string[] key) =>
        await Warehouse.ApplyAsync(await Warehouse.PlanAsync(
            new TableSpec(new TableName(name), Rows.Schema(columns)) { PrimaryKey = key, IsWrittenByKey = isWrittenByKey }, Token), Token);

    private async Task<List<object?[]>> QueryAsync(string sql, params object?[] parameters)
    {
        await using var result = await Warehouse.QueryAsync(sql, parameters, readOnly: true, Token);
        return await result.ReadRowsAsync(Token).ToListAsync(Token);
    }

    private async Task<long> CountAsync(string table) =>
        Convert.ToInt64((await QueryAsync($"SELECT count(*) FROM {table}"))[0][0], CultureInfo.InvariantCulture);

    private async Task<long> WriteAsync(TableWrite write, Batch rows)
    {
        using (rows)
        {
            await using var writer = await Warehouse.OpenWriterAsync(Token);
            await writer.BeginAsync(Token);
            var changed = await writer.WriteAsync(write, rows, Token);
            await writer.CommitAsync(Token);
            return changed;
        }
    }

    private static Batch Pairs(int first, int count, string value = "v", int rowsPerChunk = 2048) => Rows.Batch(
        Rows.Schema("id integer, v text"),
        [.. Enumerable.Range(first, count).Select(i => new object?[] { i, value })], rowsPerChunk);

    private static async Task<ErrorCode> CodeOfAsync(Func<Task> work) =>
        (await Assert.ThrowsAsync<TidemillException>(work)).Code;

    [Fact]
    public async Task Every_kind_of_value_reads_back_as_it_was_written()
    {
        const string Columns = "a boolean, b tinyint, c smallint, d integer, e bigint, f utinyint, g usmallint, h uinteger, "
            + "i ubigint, j hugeint, k float, l double, m decimal(3,1), n decimal(9,2), o decimal(18,6), p decimal(38,10), "
            + "q text, r json, s uuid, t blob, u date, v time, w timestamp, x timestamptz, y interval";
        await CreateTableAsync("kinds", Columns);
        var id = Guid.Parse("f47ac10b-58cc-4372-a567-0e02b2c3d479");
        var time = new DateTime(2024, 2, 29, 23, 59, 58).AddMicroseconds(123_456);
        object?[] row =
        [
            true, (sbyte)-128, short.MinValue, int.MaxValue, long.MinValue, byte.MaxValue, ushort.MaxValue, uint.MaxValue,
            ulong.MaxValue, Int128.MaxValue, 1.5f, -2.25e300, -99.9m, 1234567.89m, -123456789012.000001m,
            1234567890123456.0000000001m, "žluťoučký 🌊", """{"a": [1, null]}""", id, new byte[] { 0, 1, 255 },
            new DateOnly(1969, 12, 31), new TimeOnly(23, 59, 59).Add(TimeSpan.FromMicroseconds(1)), time, time,
            new DuckDbInterval(0, 1, 3_600_000_000),
        ];
        await WriteAsync(new TableWrite(new("kinds"), ConflictRule.Append),
            Rows.Batch(Rows.Schema(Columns), [row, new object?[row.Length]]));

        var read = await QueryAsync("SELECT * FROM kinds ORDER BY a NULLS LAST");

        Assert.All(read[1], Assert.Null);
        var got = read[0];
        for (var i = 1; i <= 8; i++)
        {
            if (i != 8)
            {
                Assert.Equal(Convert.ToInt64(row[i], CultureInfo.InvariantCulture), Convert.ToInt64(got[i], CultureInfo.InvariantCulture));
            }
        }

        Assert.Equal(true, got[0]);
        Assert.Equal((BigInteger)ulong.MaxValue, Whole(got[8]));
        Assert.Equal((BigInteger)Int128.MaxValue, Assert.IsType<BigInteger>(got[9]));
        Assert.Equal([row[10], row[11], row[12], row[13], row[14], row[15], row[16]], got[10..17]);
        Assert.Contains("\"a\"", Assert.IsType<string>(got[17]), StringComparison.Ordinal);
        Assert.Equal(id, got[18]);
        Assert.Equal(row[19], got[19]);
        Assert.Equal([row[20], row[21]], got[20..22]);
        Assert.Equal((time, DateTimeKind.Unspecified), ((DateTime)got[22]!, ((DateTime)got[22]!).Kind));
        Assert.Equal((time, DateTimeKind.Utc), ((DateTime)got[23]!, ((DateTime)got[23]!).Kind));
        Assert.Equal(new TimeSpan(1, 1, 0, 0), got[24]);
    }

    private static BigInteger Whole(object? value) => value switch
    {
        ulong number => number,
        decimal number => (BigInteger)number,
        _ => (BigInteger)value!,
    };

    [Fact]
    public async Task Numbers_keep_every_digit_whatever_their_scale()
    {
        const string Columns = "id integer, a decimal(38,38), b decimal(38,0), c decimal(38,37), d decimal(18,18), e decimal(5,4), f decimal(8,3)";
        await CreateTableAsync("digits", Columns);
        var random = new Random(20_240_229);
        var rows = Enumerable.Range(0, 500).Select(i => new object?[]
        {
            i, Digits(random, 38), Digits(random, 38), Digits(random, 38), Digits(random, 18), Digits(random, 5), Digits(random, 8),
        }).ToList();
        await WriteAsync(new TableWrite(new("digits"), ConflictRule.Append), Rows.Batch(Rows.Schema(Columns), rows));

        var read = await QueryAsync("SELECT cast(a AS varchar), cast(b AS varchar), cast(c AS varchar), cast(d AS varchar), cast(e AS varchar), cast(f AS varchar) FROM digits ORDER BY id");

        byte[] scales = [38, 0, 37, 18, 4, 3];
        for (var i = 0; i < rows.Count; i++)
        {
            for (var column = 0; column < scales.Length; column++)
            {
                Assert.Equal(new DuckDbDecimal((Int128)rows[i][column + 1]!, 38, scales[column]).ToString(), WithZero((string)read[i][column]!));
            }
        }
    }

    /// <summary>DuckDB leaves the zero before the point out when the scale is all of the width.</summary>
    private static string WithZero(string number) =>
        number.StartsWith('.') ? "0" + number : number.StartsWith("-.", StringComparison.Ordinal) ? "-0" + number[1..] : number;

    private static Int128 Digits(Random random, int width)
    {
        Int128 number = 0;
        for (var digits = random.Next(width + 1); digits > 0; digits--)
        {
            number = number * 10 + (random.Next(3) == 0 ? 0 : random.Next(10));
        }

        return random.Next(2) == 0 ? number : -number;
    }

    [Fact]
    public async Task Append_inserts_rows_of_every_chunk_and_matches_columns_by_name()
    {
        await CreateTableAsync("pairs", "v text, extra integer, id integer");

        var changed = await WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), Pairs(0, 5000, rowsPerChunk: 700));

        Assert.Equal(5000, changed);
        var row = (await QueryAsync("SELECT count(*), count(DISTINCT id), min(v), count(extra) FROM pairs"))[0];
        Assert.Equal([5000L, 5000L, "v", 0L], row);
    }

    [Fact]
    public async Task Append_of_a_key_that_is_there_rejects_the_row_and_rollback_leaves_nothing()
    {
        await CreateTableAsync("pairs", "id integer, v text", "id");
        await WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), Pairs(5, 1));
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        await writer.BeginAsync(Token);
        using var rows = Pairs(0, 10);

        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => writer.WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), rows, Token)));
        await writer.RollbackAsync();
        Assert.Equal(1, await CountAsync("pairs"));

        await writer.BeginAsync(Token);
        using var others = Pairs(6, 4);
        await writer.WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), others, Token);
        await writer.CommitAsync(Token);
        Assert.Equal(5, await CountAsync("pairs"));
    }

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
        {
            changed += await WriteAsync(write, Rows.Batch(Rows.Schema("id integer, n integer"), part, rowsPerChunk));
        }

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
        var rows = Enumerable.Range(0, 12_000).Select(n => new object?[] { random.Next(4_000), n, n % 5 == 0 ? null : $"text {n}" }).ToList();
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

        Assert.Equal(3, await WriteAsync(write, Rows.Batch(Rows.Schema("id integer, v text"), [[2, "lost"], [1, "y"], [2, "y"], [3, "y"]])));

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
            {
                Assert.Equal(20_000, await WriteAsync(write, Pairs(0, 20_000, $"new {round}")));
            }

            do
            {
                Assert.Equal("old", rows.Current[0]);
            }
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
            IsWrittenByKey = isWrittenByKey,
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
        {
            await WriteAsync(write, Rows.Batch(Rows.Schema(Columns), [step]));
        }

        Assert.Equal([hour, 3.00m, 3, 9, "c", "a"], (await QueryAsync("SELECT * FROM merged"))[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Merge_of_rows_with_equal_keys_rejects_them(bool isWrittenByKey)
    {
        await CreateTableAsync("sums", "id integer, n integer", isWrittenByKey, "id");
        var write = new TableWrite(new("sums"), ConflictRule.Merge) { Key = ["id"], Merge = new Dictionary<string, MergeOperation> { ["n"] = MergeOperation.Sum } };
        var schema = Rows.Schema("id integer, n integer");
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(write, Rows.Batch(schema, [[1, 1], [2, 1], [1, 1]]))));
        Assert.Equal(2, await WriteAsync(write, Rows.Batch(schema, [[1, 1], [2, 1]])));
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(write, Rows.Batch(schema, [[1, 1], [1, 1]]))));
        Assert.Equal(2, await WriteAsync(write, Rows.Batch(schema, [[1, 5], [3, 1]])));
        Assert.Equal([[1, 6], [2, 1], [3, 1]], await QueryAsync("SELECT id, n FROM sums ORDER BY id"));
    }

    [Fact]
    public async Task Merge_without_an_operation_for_a_column_is_an_invalid_request()
    {
        await CreateTableAsync("pairs", "id integer, v text", "id");
        Assert.Equal(ErrorCode.InvalidRequest, await CodeOfAsync(() =>
            WriteAsync(new TableWrite(new("pairs"), ConflictRule.Merge) { Key = ["id"] }, Pairs(0, 1))));
    }

    [Fact]
    public async Task Rows_of_narrower_types_are_written_into_wider_columns()
    {
        await CreateTableAsync("wide", "id bigint, amount decimal(20,4), d double, v text", "id");
        await WriteAsync(new TableWrite(new("wide"), ConflictRule.Ignore) { Key = ["id"] }, Rows.Batch(
            Rows.Schema("id smallint, amount decimal(6,2), d float, v json"), [[(short)7, 12.34m, 0.5f, "[1]"]]));
        Assert.Equal([7L, 12.3400m, 0.5, "[1]"], (await QueryAsync("SELECT * FROM wide"))[0]);
    }

    [Fact]
    public async Task Values_that_do_not_fit_the_column_reject_the_row()
    {
        await CreateTableAsync("narrow", "id smallint, amount decimal(4,2)");
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(
            new TableWrite(new("narrow"), ConflictRule.Append),
            Rows.Batch(Rows.Schema("id integer, amount decimal(4,2)"), [[70_000, 1m]]))));
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(
            new TableWrite(new("narrow"), ConflictRule.Append),
            Rows.Batch(Rows.Schema("id smallint, amount decimal(18,2)"), [[(short)1, 123.45m]]))));
    }

    [Fact]
    public async Task Null_in_a_required_column_rejects_the_row()
    {
        await CreateTableAsync("pairs", "id integer, v text", "id");
        Assert.Equal(ErrorCode.RowRejected, await CodeOfAsync(() => WriteAsync(
            new TableWrite(new("pairs"), ConflictRule.Ignore) { Key = ["id"] },
            Rows.Batch(Rows.Schema("id integer, v text"), [[null, "v"]]))));
    }

    [Fact]
    public async Task Writing_to_a_missing_table_or_column_is_reported_as_such()
    {
        Assert.Contains(await CodeOfAsync(() => WriteAsync(new TableWrite(new("nowhere"), ConflictRule.Append), Pairs(0, 1))),
            new[] { ErrorCode.SqlInvalid, ErrorCode.NotFound });
        await CreateTableAsync("short", "id integer");
        Assert.Contains(await CodeOfAsync(() => WriteAsync(new TableWrite(new("short"), ConflictRule.Append), Pairs(0, 1))),
            new[] { ErrorCode.SqlInvalid, ErrorCode.SchemaConflict });
    }
}
