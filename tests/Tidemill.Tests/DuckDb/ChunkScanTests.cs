using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

public sealed class ChunkScanTests : IDisposable
{
    private static readonly LogicalType[] Types = [LogicalType.BigInt, LogicalType.Varchar, LogicalType.Double];
    private static readonly string[] Names = ["id", "name", "value"];
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(
        null, new Dictionary<string, string> { ["threads"] = "2" });
    private readonly DuckDbConnection _connection;
    private readonly List<DataChunk> _chunks = [];

    public ChunkScanTests() => _connection = _database.Connect();

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
        foreach (var chunk in _chunks) chunk.Dispose();
    }

    /// <summary>Row r: id r, name short or long or NULL, value r / 2.</summary>
    private List<DataChunk> Fill(int chunks, int rows, int first = 0)
    {
        var made = new List<DataChunk>();
        for (var c = 0; c < chunks; c++) {
            var chunk = DataChunk.Create(Types);
            var ids = chunk[0].Data<long>();
            var values = chunk[2].Data<double>();
            var names = chunk[1];
            for (var row = 0; row < rows; row++) {
                var id = first + c * rows + row;
                ids[row] = id;
                values[row] = id / 2.0;
                if (id % 7 == 0) names.SetNull(row);
                else names.SetString(row, id % 2 == 0 ? $"n{id}" : $"a rather longer name {id}");
            }
            chunk.Size = rows;
            made.Add(chunk);
        }
        _chunks.AddRange(made);
        return made;
    }

    private long Long(string sql)
    {
        using var result = _connection.Query(sql);
        using var chunk = result.Fetch()!;
        return chunk[0].Data<long>()[0];
    }

    [Fact]
    public void Sql_reads_chunks_through_a_view_and_a_prepared_statement_sees_new_ones_each_time()
    {
        using var scan = _connection.RegisterScan("batch", Names, Types);
        using var statement = _connection.Prepare("SELECT count(*), sum(id)::BIGINT, count(name) FROM batch");
        for (var round = 0; round < 3; round++) {
            scan.Set(Fill(3, 100, round * 1000));
            using var result = statement.Query();
            using var chunk = result.Fetch()!;
            var ids = Enumerable.Range(round * 1000, 300).ToArray();
            Assert.Equal(300, chunk[0].Data<long>()[0]);
            Assert.Equal(ids.Sum(), chunk[1].Data<long>()[0]);
            Assert.Equal(ids.Count(id => id % 7 != 0), chunk[2].Data<long>()[0]);
        }
    }

    [Fact]
    public void Parallel_scan_of_1000_chunks_counts_and_sums_every_row_once()
    {
        using var scan = _connection.RegisterScan("batch", Names, Types);
        scan.Set(Fill(1000, 512));
        const long Rows = 512_000;
        Assert.Equal(Rows, Long("SELECT count(*) FROM batch"));
        Assert.Equal(Rows * (Rows - 1) / 2, Long("SELECT sum(id)::BIGINT FROM batch"));
        Assert.Equal(Rows, Long("SELECT sum(n)::BIGINT FROM (SELECT id % 1000 g, count(*) n FROM batch GROUP BY g)"));
        Assert.Equal(Rows, Long("SELECT count(*) FROM batch a JOIN batch b USING (id)"));
        Assert.Equal(Rows - 1, Long("SELECT id FROM batch ORDER BY id DESC LIMIT 1"));
    }

    [Fact]
    public void Inserted_rows_equal_the_chunks_and_keep_their_order()
    {
        using var scan = _connection.RegisterScan("batch", Names, Types);
        scan.Set(Fill(300, 700));
        _connection.Execute("CREATE TABLE t (id BIGINT, name VARCHAR, value DOUBLE)");
        Assert.Equal(210_000, _connection.Execute("INSERT INTO t SELECT * FROM batch"));
        Assert.Equal(0, Long("SELECT count(*) FROM t WHERE id <> rowid"));
        Assert.Equal(0, Long("SELECT count(*) FROM (SELECT * FROM t EXCEPT ALL SELECT * FROM batch)"));
        Assert.Equal(0, Long("""
            SELECT count(*) FROM t WHERE name IS DISTINCT FROM
              CASE WHEN id % 7 = 0 THEN NULL WHEN id % 2 = 0 THEN 'n' || id ELSE 'a rather longer name ' || id END
            """));
    }

    [Fact]
    public void An_ordered_source_keeps_order_without_preserve_insertion_order()
    {
        _connection.Execute("SET preserve_insertion_order = false");
        using var scan = _connection.RegisterScan("batch", Names, Types, ordered: true);
        scan.Set(Fill(300, 700));
        _connection.Execute("CREATE TABLE t AS SELECT id FROM batch");
        Assert.Equal(0, Long("SELECT count(*) FROM t WHERE id <> rowid"));
    }

    [Fact]
    public void Errors_of_the_scan_are_sql_errors()
    {
        var error = Assert.Throws<DuckDbException>(() => _connection.Execute("SELECT * FROM tidemill_scan(-5)"));
        Assert.Equal(DuckDbErrorType.Binder, error.ErrorType);
        Assert.Contains("tidemill_scan(-5)", error.Message, StringComparison.Ordinal);

        var source = _database.Register(new ChunkSource(Names, Types));
        var disposed = DataChunk.Create(Types);
        source.Set([disposed]);
        disposed.Dispose();
        Assert.Throws<DuckDbException>(() => _connection.Execute($"SELECT * FROM {source.Sql}"));
        using var wrong = DataChunk.Create(LogicalType.Integer);
        Assert.Throws<ArgumentException>(() => source.Set([wrong]));
    }

    [Fact]
    public void Empty_chunks_do_not_end_the_scan()
    {
        using var scan = _connection.RegisterScan("batch", Names, Types);
        scan.Set([.. Fill(2, 0), .. Fill(1, 5), .. Fill(3, 0), .. Fill(1, 6)]);
        Assert.Equal(11, Long("SELECT count(*) FROM batch"));
        scan.Set([]);
        Assert.Equal(0, Long("SELECT count(*) FROM batch"));
    }
}
