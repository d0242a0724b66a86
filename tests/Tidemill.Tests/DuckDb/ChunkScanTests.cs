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
        for (var c = 0; c < chunks; c++)
        {
            var chunk = DataChunk.Create(Types);
            var ids = chunk[0].Data<long>();
            var values = chunk[2].Data<double>();
            var names = chunk[1];
            for (var row = 0; row < rows; row++)
            {
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

    [Fact]
    public void Only_the_chosen_rows_are_read_in_their_order()
    {
        const int Chunks = 40;
        var random = new Random(11);
        var chunks = Fill(Chunks, DataChunk.Capacity);
        List<uint[]?> rows = [.. Enumerable.Range(0, Chunks).Select(c => c switch
        {
            0 => null,
            1 => [],
            2 => [(uint)DataChunk.Capacity - 1, 0],
            _ => (uint[])[.. Enumerable.Range(0, DataChunk.Capacity).Where(_ => random.Next(c) == 0).Select(row => (uint)row)],
        })];
        var ids = rows.SelectMany((chosen, c) => (chosen ?? [.. Enumerable.Range(0, DataChunk.Capacity).Select(row => (uint)row)]).Select(
            row => (c * (long)DataChunk.Capacity) + row)).ToList();
        using var scan = _connection.RegisterScan("batch", Names, Types);
        scan.Source.Set(chunks, rows);
        _connection.Execute("CREATE TABLE t AS FROM batch");
        Assert.Equal(ids.Count, Long("SELECT count(*) FROM t WHERE value = id / 2.0 AND name IS NOT DISTINCT FROM CASE WHEN id % 7 > 0 "
            + "THEN CASE WHEN id % 2 = 0 THEN 'n' ELSE 'a rather longer name ' END || id END"));
        Assert.Equal(ids.Sum(), Long("SELECT sum(id)::BIGINT FROM t"));
        Assert.Equal(ids.Count(id => id % 7 == 0), Long("SELECT count(*) FROM batch WHERE name IS NULL"));

        using var ordered = _connection.RegisterScan("ordered", Names, Types, ordered: true);
        ordered.Source.Set(chunks, rows);
        var read = new List<long>();
        using var result = _connection.Query("SELECT id FROM ordered");
        while (result.Fetch() is { } chunk)
        {
            using (chunk) read.AddRange(chunk[0].Data<long>()[..chunk.Size]);
        }

        Assert.Equal(ids, read);
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(0, 0)]
    public void Rows_that_a_chunk_has_not_are_refused(int size, int row)
    {
        var chunks = Fill(1, size);
        using var scan = _connection.RegisterScan("batch", Names, Types);
        Assert.Throws<ArgumentException>(() => scan.Source.Set(chunks, [[(uint)row]]));
        Assert.Throws<ArgumentException>(() => scan.Source.Set(chunks, [new uint[size + 1]]));
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
        for (var round = 0; round < 3; round++)
        {
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

    [Fact]
    public void Plans_that_read_a_source_twice_or_write_it_leave_the_chunks_unchanged()
    {
        using var scan = _connection.RegisterScan("batch", Names, Types);
        scan.Set(Fill(20, 300));
        Assert.Equal(12_000, Long("WITH b AS (FROM batch) SELECT count(*) FROM (FROM b UNION ALL FROM b)"));
        Assert.Equal(6000, Long("SELECT count(*) FROM batch WHERE id IN (SELECT id FROM batch)"));
        Assert.Equal(6000, Long("SELECT count(*) FROM (SELECT DISTINCT name, id FROM batch)"));
        Assert.Equal(5999, Long("SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY name DESC, id) - 1 r FROM batch)"));
        _connection.Execute("CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR, value DOUBLE)");
        _connection.Execute("INSERT INTO t SELECT * FROM batch WHERE id % 3 = 0");
        Assert.Equal(6000, _connection.Execute(
            "INSERT INTO t FROM batch ON CONFLICT (id) DO UPDATE SET name = upper(excluded.name), value = -excluded.value"));
        Assert.Equal(4000, _connection.Execute(
            "MERGE INTO t USING batch b ON t.id = b.id WHEN MATCHED AND t.value >= 0 AND t.id > 0 THEN UPDATE SET name = b.name"));
        Assert.Equal(4000, Long("SELECT count(*) FROM t JOIN batch b ON t.id = b.id AND t.value = b.value AND b.id > 0"));
        Assert.Equal(0, Long("""
            SELECT count(*) FROM batch WHERE value <> id / 2 OR name IS DISTINCT FROM
              CASE WHEN id % 7 = 0 THEN NULL WHEN id % 2 = 0 THEN 'n' || id ELSE 'a rather longer name ' || id END
            """));
    }

    [Fact]
    public async Task Two_connections_scan_sources_of_their_own_at_once()
    {
        var work = Enumerable.Range(0, 2).Select(worker =>
        {
            var chunks = Fill(50, 500, worker * 1_000_000);
            return Task.Run(() =>
            {
                using var connection = _database.Connect();
                using var scan = connection.RegisterScan("batch", Names, Types);
                using var statement = connection.Prepare("SELECT min(id), count(name) FROM batch");
                for (var i = 0; i < 100; i++)
                {
                    scan.Set(chunks[..(i % 50 + 1)]);
                    using var result = statement.Query();
                    using var chunk = result.Fetch()!;
                    Assert.Equal(worker * 1_000_000, chunk[0].Data<long>()[0]);
                    var last = worker * 1_000_000 + (i % 50 + 1) * 500;
                    var nulls = (last - 1) / 7 - (worker * 1_000_000 - 1) / 7 + (worker == 0 ? 1 : 0);
                    Assert.Equal((i % 50 + 1) * 500 - nulls, chunk[1].Data<long>()[0]);
                }
            });
        });
        await Task.WhenAll(work);
    }

    [Fact]
    public unsafe void Borrowed_text_is_read_where_it_lies()
    {
        var text = "short|a text that is longer than twelve bytes|"u8.ToArray();
        // SAFETY: the array stays pinned until after the last query.
        fixed (byte* start = text)
        {
            using var chunk = DataChunk.Create(LogicalType.Varchar);
            var cells = chunk[0];
            cells.SetBorrowed(0, start, 5);
            cells.SetBorrowed(1, start + 6, 39);
            cells.SetBorrowed(2, start, 0);
            chunk.Size = 3;
            using var scan = _connection.RegisterScan("batch", ["t"], [LogicalType.Varchar]);
            scan.Set([chunk]);
            Assert.Equal(1, Long("SELECT count(*) FROM batch WHERE t = 'a text that is longer than twelve bytes'"));
            Assert.Equal(1, Long("SELECT count(*) FROM batch WHERE t = 'short'"));
            Assert.Equal(1, Long("SELECT count(*) FROM batch WHERE t = ''"));
            _connection.Execute("CREATE TABLE t AS FROM batch");
        }
        text.AsSpan().Clear();
        Assert.Equal(44, Long("SELECT sum(strlen(t))::BIGINT FROM t WHERE t LIKE 'short' OR t LIKE 'a text%bytes'"));
    }

    [Fact]
    public void A_dropped_scan_is_an_sql_error_and_frees_its_view()
    {
        var scan = _connection.RegisterScan("batch", Names, Types);
        var sql = scan.Source.Sql;
        scan.Dispose();
        Assert.Throws<DuckDbException>(() => Long("SELECT count(*) FROM batch"));
        Assert.Contains("no source", Assert.Throws<DuckDbException>(() => Long($"FROM {sql}")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Spans_and_masks_show_what_lies_in_the_chunk()
    {
        using var chunk = DataChunk.Create(LogicalType.BigInt, LogicalType.List(LogicalType.Double));
        var ids = chunk[0];
        Assert.False(ids.HasNulls);
        ids.ValidityWritable()[0] = 0b101;
        Assert.True(ids.HasNulls);
        Assert.Equal([false, true, false, true], Enumerable.Range(0, 4).Select(ids.IsNull));
        var child = chunk[1].AddElements(0, 5000, out var offset);
        child.Data<double>().Fill(0.5);
        Assert.Equal((0, 5000, 5000), (offset, child.Capacity, chunk[1].ListSize));
        Assert.Equal(new ListEntry(0, 5000), chunk[1].Data<ListEntry>()[0]);
        Assert.Throws<InvalidOperationException>(() => ids.Data<int>());
        Assert.Throws<ArgumentOutOfRangeException>(() => chunk.Size = 2049);
        chunk.Reset();
        Assert.False(chunk[0].HasNulls);
        Assert.Equal((0, 0), (chunk.Size, chunk[1].ListSize));
    }
}
