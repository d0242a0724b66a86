using System.Globalization;
using System.Numerics;
using Tidemill.Core.Batches;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.DuckDb;
using Tidemill.Streaming;

namespace Tidemill.Tests.Warehouses;

/// <summary>What every warehouse does; run against DuckDB here and against a PostgreSQL server by the integration tests.</summary>
public abstract partial class WarehouseContractTests : IAsyncLifetime
{
    private static readonly CheckpointOwner Owner = new("orders", "raw");

    protected IWarehouse Warehouse { get; private set; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A warehouse of the test's own, empty but for the system tables.</summary>
    protected abstract Task<IWarehouse> CreateAsync();

    /// <summary>The same warehouse, which was closed, opened for a project.</summary>
    protected abstract Task<IWarehouse> OpenForAsync(string project);

    public async ValueTask InitializeAsync()
    {
        Warehouse = await CreateAsync();
        await Warehouse.MigrateAsync(StreamTables.Set, Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (Warehouse is { } open)
            await open.DisposeAsync();

        GC.SuppressFinalize(this);
    }

    private Task CreateTableAsync(string name, string columns, params string[] key) =>
        CreateTableAsync(name, columns, isWrittenByKey: false, key);

    private async Task CreateTableAsync(string name, string columns, bool isWrittenByKey, params string[] key) =>
        await Warehouse.ApplyAsync(await Warehouse.PlanAsync(
            new TableSpec(new TableName(name), Rows.Schema(columns))
            {
                PrimaryKey = key,
                Rule = isWrittenByKey
                ? ConflictRule.Upsert
                : ConflictRule.Append
            }, Token), Token);

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
                Assert.Equal(Convert.ToInt64(row[i], CultureInfo.InvariantCulture), Convert.ToInt64(got[i], CultureInfo.InvariantCulture));
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
        const string Columns =
            "id integer, a decimal(38,38), b decimal(38,0), c decimal(38,37), d decimal(18,18), e decimal(5,4), f decimal(8,3)";
        await CreateTableAsync("digits", Columns);
        var random = new Random(20_240_229);
        var rows = Enumerable.Range(0, 500).Select(i => new object?[]
        {
            i, Digits(random, 38), Digits(random, 38), Digits(random, 38), Digits(random, 18), Digits(random, 5), Digits(random, 8),
        }).ToList();
        await WriteAsync(new TableWrite(new("digits"), ConflictRule.Append), Rows.Batch(Rows.Schema(Columns), rows));

        var read = await QueryAsync("SELECT cast(a AS varchar), cast(b AS varchar), cast(c AS varchar), cast(d AS varchar), cast(e AS "
            + "varchar), cast(f AS varchar) FROM digits ORDER BY id");

        byte[] scales = [38, 0, 37, 18, 4, 3];
        for (var i = 0; i < rows.Count; i++)
        {
            for (var column = 0; column < scales.Length; column++)
            {
                Assert.Equal(
                    new DuckDbDecimal((Int128)rows[i][column + 1]!, 38, scales[column]).ToString(), WithZero((string)read[i][column]!));
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
            number = number * 10 + (random.Next(3) == 0 ? 0 : random.Next(10));

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

        Assert.Equal(
            ErrorCode.RowRejected,
            await CodeOfAsync(() => writer.WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), rows, Token)));
        await writer.RollbackAsync();
        Assert.Equal(1, await CountAsync("pairs"));

        await writer.BeginAsync(Token);
        using var others = Pairs(6, 4);
        await writer.WriteAsync(new TableWrite(new("pairs"), ConflictRule.Append), others, Token);
        await writer.CommitAsync(Token);
        Assert.Equal(5, await CountAsync("pairs"));
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
