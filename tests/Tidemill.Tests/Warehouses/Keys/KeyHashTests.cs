using System.Globalization;
using Tidemill.Connectors.DuckDb.Keys;
using Tidemill.DuckDb;

namespace Tidemill.Tests.Warehouses.Keys;

/// <summary>DuckDB's own DISTINCT says which keys are equal.</summary>
public sealed class KeyHashTests : IDisposable
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(null);
    private readonly DuckDbConnection _connection;

    public KeyHashTests() => _connection = _database.Connect();

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    [Theory]
    [InlineData("(i % 2)::BOOLEAN")]
    [InlineData("(i % 100 - 50)::TINYINT")]
    [InlineData("(i % 3000 - 50)::SMALLINT")]
    [InlineData("(i % 3000 - 50)::INTEGER")]
    [InlineData("(i % 3000 - 50)::BIGINT")]
    [InlineData("(i % 3000)::USMALLINT")]
    [InlineData("(i % 3000)::UINTEGER")]
    [InlineData("(i % 3000)::UBIGINT")]
    [InlineData("(i % 3000)::HUGEINT * -100000000000000000000")]
    [InlineData("(i % 3000 / 10)::DECIMAL(4,1)")]
    [InlineData("(i % 3000 / 10)::DECIMAL(9,3)")]
    [InlineData("(i % 3000 / 10)::DECIMAL(18,3)")]
    [InlineData("(i % 3000 / 10)::DECIMAL(38,3)")]
    [InlineData("CASE i % 6 WHEN 0 THEN 0.0 WHEN 1 THEN -0.0 WHEN 2 THEN 'nan' WHEN 3 THEN -'nan'::FLOAT ELSE i % 50 / 7 END::FLOAT")]
    [InlineData("CASE i % 6 WHEN 0 THEN 0.0 WHEN 1 THEN -0.0 WHEN 2 THEN 'nan' WHEN 3 THEN -'nan'::DOUBLE ELSE i % 50 / 7 END::DOUBLE")]
    [InlineData("to_months((i % 3)::INTEGER) + to_days((i % 70 - 35)::INTEGER) + to_hours(i % 60 - 30)")]
    [InlineData("DATE '2026-01-01' + (i % 900)::INTEGER")]
    [InlineData("TIMESTAMP '2026-01-01' + to_seconds(i % 900)")]
    [InlineData("TIME '12:00:00' + to_seconds(i % 900)")]
    [InlineData("TIMESTAMPTZ '2026-01-01 00:00:00Z' + to_seconds(i % 900)")]
    [InlineData("('[' || (i % 300) || ']')::JSON")]
    [InlineData("md5((i % 3000)::VARCHAR)::UUID")]
    [InlineData("CASE i % 5 WHEN 0 THEN '' ELSE repeat('ä', (i % 40)::INTEGER) END")]
    [InlineData("(i % 3000)::VARCHAR::BLOB")]
    [InlineData("repeat('a', (i % 3)::INTEGER)", "repeat('a', (i % 4)::INTEGER)")]
    [InlineData("(i % 30)::INTEGER", "(i % 7)::VARCHAR", "(i % 11)::BIGINT")]
    [InlineData("(i % 30)::BIGINT", "(i % 77)::BIGINT")]
    [InlineData("(i % 30)::HUGEINT", "(i % 77)::TINYINT")]
    [InlineData("CASE WHEN i % 3 > 0 THEN i % 30 END", "CASE WHEN i % 5 > 0 THEN (i % 11)::VARCHAR END")]
    public void Hashes_are_equal_where_the_keys_are(params string[] key)
    {
        const string Rows = "range(20000) r(i)";
        var list = string.Join(", ", key.Select((sql, i) => $"{sql} AS k{i}"));
        var present = string.Join(" AND ", key.Select((_, i) => $"k{i} IS NOT NULL"));
        var expected = Convert.ToInt32(
            Scalar($"SELECT count(*) FROM (SELECT DISTINCT * FROM (SELECT {list} FROM {Rows}) WHERE {present})"),
            CultureInfo.InvariantCulture);
        using var result = _connection.Query($"SELECT {list} FROM {Rows}");
        var hash = new KeyHash(result.ColumnTypes);
        int[] columns = [.. Enumerable.Range(0, key.Length)];
        var distinct = new HashSet<UInt128>();
        var hashes = new UInt128[DataChunk.Capacity];
        var isPresent = new bool[DataChunk.Capacity];
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                hash.Compute(chunk, columns, hashes, isPresent);
                distinct.UnionWith(Enumerable.Range(0, chunk.Size).Where(row => isPresent[row]).Select(row => hashes[row]));
            }
        }

        Assert.Equal(expected, distinct.Count);
    }

    private object? Scalar(string sql)
    {
        using var result = _connection.Query(sql);
        using var chunk = result.Fetch()!;
        return chunk[0].GetValue(0);
    }
}
