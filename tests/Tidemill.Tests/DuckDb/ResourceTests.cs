using System.Diagnostics;
using System.Runtime.CompilerServices;
using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

/// <summary>Memory and lifetimes. They measure the process, so they run alone.</summary>
[Collection(nameof(ResourceTests))]
public sealed class ResourceTests : IDisposable
{
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(null);
    private readonly DuckDbConnection _connection;

    public ResourceTests() => _connection = _database.Connect();

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    private static long ResidentBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    [Fact]
    public void A_result_of_5_million_wide_rows_streams_in_flat_memory()
    {
        const int Rows = 5_000_000;
        using var result = _connection.Query($"SELECT i, 'some longer text ' || i AS t, i / 3 AS d FROM range({Rows}) r(i)");
        long sum = 0, rows = 0, peak = 0;
        var before = ResidentBytes();
        while (result.Fetch() is { } chunk)
        {
            using (chunk)
            {
                foreach (var value in chunk[0].Data<long>()[..chunk.Size]) sum += value;
                rows += chunk.Size;
            }
            if (rows % (256 * DataChunk.Capacity) == 0) peak = Math.Max(peak, ResidentBytes());
        }
        Assert.Equal(Rows, rows);
        Assert.Equal(Rows * (Rows - 1L) / 2, sum);
        // Materialised, it would take about 250 MB.
        Assert.True(peak - before < 60 << 20, $"Resident memory grew by {(peak - before) >> 20} MB.");
    }

    [Fact]
    public void Ten_thousand_chunks_statements_connections_scans_and_errors_leave_no_memory_behind()
    {
        Churn(500);
        var before = ResidentBytes();
        Churn(10_000);
        var growth = ResidentBytes() - before;
        Assert.True(growth < 40 << 20, $"Resident memory grew by {growth >> 20} MB.");
    }

    [Fact]
    public void Freed_memory_goes_back_to_the_system_at_once()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "DuckDB has an allocator of its own on Linux only.");
        _connection.Execute("CREATE TABLE t AS SELECT md5(i::VARCHAR) AS a, md5((i + 1)::VARCHAR) AS b FROM range(1500000) r(i)");
        var full = ResidentBytes();
        _connection.Execute("DROP TABLE t");
        var given = full - ResidentBytes();
        Assert.True(given > 60 << 20, $"{given >> 20} MB were given back.");
    }

    private void Churn(int rounds)
    {
        LogicalType[] types = [
            LogicalType.Varchar, LogicalType.List(LogicalType.BigInt), LogicalType.HugeInt, LogicalType.HugeInt,
        ];
        for (var i = 0; i < rounds; i++)
        {
            using var chunk = DataChunk.Create(types);
            chunk[0].SetString(0, "a text that does not fit into the cell");
            chunk[1].SetValue(0, new object?[] { 1L, 2L });
            // Touched memory counts as resident, so that even the few scanned chunks would show if they stayed.
            chunk[2].Data<Int128>().Clear();
            chunk[3].Data<Int128>().Clear();
            chunk.Size = 1;
            using var connection = _database.Connect();
            using var statement = _connection.Prepare("SELECT ?");
            statement.Bind(1, "bound text that is not short");
            using (var result = statement.Query()) result.Fetch()!.Dispose();
            if (i % 10 != 0) continue;
            using var scan = connection.RegisterScan("batch", ["t", "l", "h", "i"], types);
            scan.Set([chunk]);
            connection.Query("SELECT * FROM batch").Dispose();
            Assert.Throws<DuckDbException>(() => connection.Prepare("SELECT nothing"));
        }
    }

    [Fact]
    public void Nothing_holds_a_source_or_its_chunks_once_statements_and_results_are_gone()
    {
        var (source, chunk) = ScanAndForget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        Assert.False(source.IsAlive);
        Assert.False(chunk.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private (WeakReference Source, WeakReference Chunk) ScanAndForget()
    {
        using var chunk = DataChunk.Create(LogicalType.Integer);
        chunk.Size = 5;
        using var scan = _connection.RegisterScan("batch", ["v"], [LogicalType.Integer]);
        scan.Set([chunk]);
        using var statement = _connection.Prepare("FROM batch");
        using (var drained = statement.Query()) Assert.Equal(5, drained.Drain());
        using (var abandoned = statement.Query()) Assert.Equal(1, abandoned.ColumnCount);
        return (new(scan.Source), new(chunk));
    }

    [Fact]
    public void Undisposed_objects_are_freed_by_the_collector_in_any_order()
    {
        for (var i = 0; i < 10; i++) Abandon();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(1, _connection.Query("SELECT 1").Drain());
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA2000", Justification = "Leaks on purpose.")]
    private static void Abandon()
    {
        var database = DuckDbDatabase.Open(null);
        var connection = database.Connect();
        var statement = connection.Prepare("SELECT * FROM range(100000)");
        var result = statement.Query();
        Assert.NotNull(result.Fetch());
    }

    [Fact]
    public void Disposing_the_database_first_leaves_its_connections_working()
    {
        var database = DuckDbDatabase.Open(null);
        using var connection = database.Connect();
        using var statement = connection.Prepare("SELECT 7");
        database.Dispose();
        using var result = statement.Query();
        connection.Dispose();
        Assert.Equal(1, result.Drain());
        Assert.Throws<ObjectDisposedException>(database.Connect);
    }

    [Fact]
    public void A_second_query_closes_the_result_before_it_with_an_error()
    {
        using var first = _connection.Query("SELECT * FROM range(10000000)");
        first.Fetch()!.Dispose();
        Assert.Equal(1, _connection.Query("SELECT 1").Drain());
        Assert.Throws<DuckDbException>(() => first.Drain());
    }

    [Fact]
    public void A_fetched_chunk_outlives_result_connection_and_database()
    {
        DataChunk chunk;
        using (var database = DuckDbDatabase.Open(null))
        using (var connection = database.Connect())
        using (var result = connection.Query("SELECT 'a text that lies on the heap ' || i FROM range(10) r(i)"))
            chunk = result.Fetch()!;
        using (chunk) Assert.Equal("a text that lies on the heap 9", chunk[0].GetString(9));
        Assert.Throws<ObjectDisposedException>(() => chunk[0].GetString(9));
    }

    [Fact]
    public void A_file_held_by_this_process_is_released_on_dispose_and_keeps_its_rows()
    {
        var folder = Directory.CreateTempSubdirectory("tidemill-duckdb-");
        try
        {
            var path = Path.Combine(folder.FullName, "w.duckdb");
            using (var database = DuckDbDatabase.Open(path))
            using (var connection = database.Connect())
                connection.Execute("CREATE TABLE t AS SELECT 42 AS v");
            using (var database = DuckDbDatabase.Open(path))
            using (var connection = database.Connect())
                Assert.Equal(1, connection.Query("SELECT * FROM t WHERE v = 42").Drain());
            File.WriteAllText(path, "this is no database, only text long enough to look at");
            var error = Assert.Throws<DuckDbException>(() => DuckDbDatabase.Open(path));
            Assert.Contains("not a valid DuckDB database", error.Message, StringComparison.Ordinal);
            Assert.Equal(DuckDbErrorType.IO, error.ErrorType);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Opening_a_file_twice_shares_one_engine_and_its_scans()
    {
        var folder = Directory.CreateTempSubdirectory("tidemill-duckdb-");
        try
        {
            var path = Path.Combine(folder.FullName, "w.duckdb");
            using (var first = DuckDbDatabase.Open(path))
            using (var second = DuckDbDatabase.Open(path))
            using (var chunk = DataChunk.Create(LogicalType.Integer))
            {
                chunk.Size = 3;
                using var writer = first.Connect();
                using var scan = writer.RegisterScan("batch", ["v"], [LogicalType.Integer]);
                scan.Set([chunk]);
                writer.Execute("CREATE TABLE t AS FROM batch");
                using var reader = second.Connect();
                Assert.Equal(3, reader.Query("FROM t").Drain());
                Assert.Equal(3, reader.Query($"FROM {scan.Source.Sql}").Drain());
                var settings = new Dictionary<string, string> { ["access_mode"] = "READ_ONLY" };
                var error = Assert.Throws<DuckDbException>(() => DuckDbDatabase.Open(path, settings));
                Assert.Equal(DuckDbErrorType.Connection, error.ErrorType);
            }
            using var again = DuckDbDatabase.Open(path, new Dictionary<string, string> { ["access_mode"] = "READ_ONLY" });
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Unknown_settings_are_refused() => Assert.Throws<DuckDbException>(
        () => DuckDbDatabase.Open(null, new Dictionary<string, string> { ["threads"] = "many" }));
}

/// <summary>These tests run while no other does.</summary>
[CollectionDefinition(nameof(ResourceTests), DisableParallelization = true)]
public sealed class ResourceTestsCollection;
