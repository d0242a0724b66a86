using System.Numerics;
using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

/// <summary>DuckDB is the oracle: what it prints for a value we wrote, and what we read for a literal it parsed.</summary>
public sealed class ValueTextTests : IDisposable
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(null);
    private readonly DuckDbConnection _connection;

    public ValueTextTests()
    {
        _connection = _database.Connect();
        _connection.Execute("SET TimeZone = 'UTC'");
    }

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    public static TheoryData<string, string> Literals => new() {
        { "UUID", "0123e4e7-89ab-cdef-0123-456789abcdef" },
        { "UUID", "ffffffff-ffff-ffff-ffff-ffffffffffff" },
        { "DECIMAL(4,2)", "-0.05" },
        { "DECIMAL(38,10)", "-1234567890123456789012345678.0123456789" },
        { "DECIMAL(38,0)", "99999999999999999999999999999999999999" },
        { "HUGEINT", "-170141183460469231731687303715884105728" },
        { "UHUGEINT", "340282366920938463463374607431768211455" },
        { "BIGNUM", "-123456789012345678901234567890123456789012345678901234567890" },
        { "BIGNUM", "0" },
        { "BIT", "1" },
        { "BIT", "10110011100011110000" },
        { "DATE", "1969-12-31" },
        { "DATE", "infinity" },
        { "DATE", "-infinity" },
        { "TIME", "24:00:00" },
        { "TIME", "23:59:59.999999" },
        { "TIME WITH TIME ZONE", "12:34:56.123456+05:30" },
        { "TIME WITH TIME ZONE", "00:00:00-15:59:59" },
        { "TIMESTAMP", "1969-12-31 23:59:59.999999" },
        { "TIMESTAMP", "-infinity" },
        { "TIMESTAMP_S", "1900-01-01 00:00:01" },
        { "TIMESTAMP_MS", "1900-01-01 00:00:00.001" },
        { "TIMESTAMP_NS", "1900-01-01 00:00:00.123456789" },
        { "TIMESTAMP WITH TIME ZONE", "2024-02-29 12:00:00+00" },
        { "INTERVAL", "1 year 2 months -3 days 04:05:06.000007" },
        { "BLOB", "\\x00\\xFFabc" },
        { "INTEGER[]", "[1, NULL, 3]" },
        { "INTEGER[3]", "[1, NULL, 3]" },
        { "VARCHAR[][]", "[[a, b], [], NULL]" },
        { "STRUCT(a INTEGER, b VARCHAR[])", "{'a': 1, 'b': [x]}" },
        { "MAP(VARCHAR, INTEGER)", "{a=1, b=NULL}" },
        { "ENUM('x', 'y')", "y" },
    };

    [Theory, MemberData(nameof(Literals))]
    public void A_literal_read_and_written_back_prints_as_before(string type, string text)
    {
        using var result = _connection.Query($"SELECT CAST({SqlQuoting.Literal(text)} AS {type}) AS v");
        using var read = result.Fetch()!;
        var value = read[0].GetValue(0);
        using var scan = _connection.RegisterScan("batch", ["v"], result.ColumnTypes.ToArray());
        using var written = DataChunk.Create(read.Types);
        written[0].SetValue(0, value);
        written.Size = 1;
        scan.Set([written]);
        using var printed = _connection.Query($"""
            SELECT CAST(v AS VARCHAR), CAST(CAST({SqlQuoting.Literal(text)} AS {type}) AS VARCHAR),
              v IS NOT DISTINCT FROM CAST({SqlQuoting.Literal(text)} AS {type}) FROM batch
            """);
        using var texts = printed.Fetch()!;
        Assert.Equal(texts[1].GetString(0), texts[0].GetString(0));
        Assert.True((bool)texts[2].GetValue(0)!);
    }

    public static TheoryData<string, object> Values => new() {
        { "'0123e4e7-89ab-cdef-0123-456789abcdef'::UUID", Guid.Parse("0123e4e7-89ab-cdef-0123-456789abcdef") },
        { "(-0.05)::DECIMAL(4,2)", -0.05m },
        { "12345678901234567890123456789.5::DECIMAL(38,1)",
            new DuckDbDecimal(Int128.Parse("123456789012345678901234567895", null), 38, 1) },
        { "'-123456789012345678901234567890'::BIGNUM", BigInteger.Parse("-123456789012345678901234567890", null) },
        { "'0110'::BIT", "0110" },
        { "'1969-12-31'::DATE", new DateOnly(1969, 12, 31) },
        { "'infinity'::DATE", DuckDbDate.PositiveInfinity },
        { "'-infinity'::TIMESTAMP", DuckDbTimestamp.NegativeInfinity },
        { "'infinity'::TIMESTAMP_NS", DuckDbTimestampNs.PositiveInfinity },
        { "'24:00:00'::TIME", TimeSpan.FromDays(1) },
        { "'12:34:56.000001+05:30'::TIMETZ", new DuckDbTimeTz(45_296_000_001, 19_800) },
        { "'1969-12-31 23:59:59.999999'::TIMESTAMP", DateTime.UnixEpoch.AddMicroseconds(-1) },
        { "'1969-12-31 23:59:59'::TIMESTAMP_S", DateTime.UnixEpoch.AddSeconds(-1) },
        { "'2024-01-01 02:00:00+02'::TIMESTAMPTZ", new DateTimeOffset(2024, 1, 1, 0, 0, 0, TimeSpan.Zero) },
        { "INTERVAL '14 months -3 days 1 second'", new DuckDbInterval(14, -3, 1_000_000) },
        { "union_value(num := 5)", new DuckDbUnion("num", 5) },
        { "'{\"a\":1}'::JSON", "{\"a\":1}" },
        { "'\\x00\\x01'::BLOB", new byte[] { 0, 1 } },
    };

    [Theory, MemberData(nameof(Values))]
    public void Literals_read_as_these_values(string sql, object expected)
    {
        using var result = _connection.Query($"SELECT {sql}");
        using var chunk = result.Fetch()!;
        Assert.Equal(expected, chunk[0].GetValue(0));
    }

    [Theory, MemberData(nameof(Values))]
    public void Bound_parameters_equal_the_literal(string sql, object value)
    {
        if (value is BigInteger or DuckDbUnion or DuckDbDate or DuckDbTimestampNs or DuckDbTimeTz or TimeSpan) return;
        using var statement = _connection.Prepare($"SELECT CAST({sql} AS VARCHAR) = CAST(? AS VARCHAR), {sql} = ?");
        statement.BindAny(1, value);
        statement.BindAny(2, value);
        using var result = statement.Query();
        using var chunk = result.Fetch()!;
        Assert.True((bool)chunk[1].GetValue(0)!);
    }

    [Fact]
    public void Types_print_as_sql_that_makes_them_again()
    {
        var generator = new ChunkGenerator(5);
        foreach (var type in ChunkGenerator.Scalars.Concat(Enumerable.Range(0, 100).Select(_ => generator.Type(3))))
        {
            using var result = _connection.Query($"SELECT CAST(NULL AS {type}) AS v");
            Assert.Equal(type, result.ColumnTypes[0]);
            using var native = type.ToNative();
            using var scan = _connection.RegisterScan("batch", ["v"], [type]);
            using var again = _connection.Query("SELECT * FROM batch");
            Assert.Equal(type, again.ColumnTypes[0]);
        }
    }

    [Fact]
    public void Numbers_that_do_not_fit_are_refused()
    {
        using var chunk = DataChunk.Create(LogicalType.Decimal(4, 2), LogicalType.TinyInt);
        Assert.Throws<OverflowException>(() => chunk[0].SetValue(0, 100m));
        Assert.Throws<OverflowException>(() => chunk[0].SetValue(0, 0.001m));
        Assert.Throws<OverflowException>(() => chunk[1].SetValue(0, 128));
        Assert.Throws<InvalidCastException>(() => chunk[0].SetValue(0, Guid.Empty));
    }
}
