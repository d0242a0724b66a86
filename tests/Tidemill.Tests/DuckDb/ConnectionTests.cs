using System.Diagnostics;
using Tidemill.DuckDb;

namespace Tidemill.Tests.DuckDb;

public sealed class ConnectionTests : IDisposable
{
    private const string Endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range < 0";
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(20);
    private readonly DuckDbDatabase _database = DuckDbDatabase.Open(null);
    private readonly DuckDbConnection _connection;

    public ConnectionTests() => _connection = _database.Connect();

    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
    }

    [Fact]
    public void Library_reports_the_pinned_version_and_its_file()
    {
        Assert.Equal("v1.5.6", DuckDbDatabase.LibraryVersion);
        Assert.True(File.Exists(DuckDbDatabase.LibraryPath));
    }

    [Fact]
    public void Execute_runs_several_statements_and_counts_changed_rows()
    {
        var changed = _connection.Execute("""
            CREATE TABLE t (id INTEGER);
            INSERT INTO t SELECT * FROM range(10);
            UPDATE t SET id = -id WHERE id >= 7;
            SELECT * FROM t;
            """);
        Assert.Equal(13, changed);
        Assert.Equal(0, _connection.Execute(""));
        Assert.Equal(10L, Scalar("SELECT count(*) FROM t"));
    }

    [Fact]
    public void Errors_carry_their_type_and_no_sql()
    {
        var missing = Assert.Throws<DuckDbException>(() => _connection.Execute("SELECT * FROM nowhere"));
        Assert.Equal(DuckDbErrorType.Catalog, missing.ErrorType);
        Assert.DoesNotContain("LINE", missing.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("SELECT", missing.Message, StringComparison.Ordinal);
        Assert.Equal(DuckDbErrorType.Parser, TypeOf("SELEC 1"));
        Assert.Equal(DuckDbErrorType.Binder, TypeOf("SELECT a FROM (SELECT 1 b)"));
        Assert.Equal(DuckDbErrorType.Conversion, TypeOf("SELECT CAST(x AS INTEGER) FROM (VALUES ('abc')) v(x)"));
        Assert.Equal(DuckDbErrorType.OutOfRange, TypeOf("SELECT x * x FROM (VALUES (9000000000000000000)) v(x)"));
        _connection.Execute("CREATE TABLE u (id INTEGER PRIMARY KEY); INSERT INTO u VALUES (42)");
        var constraint = Assert.Throws<DuckDbException>(() => _connection.Execute("INSERT INTO u VALUES (42)"));
        Assert.Equal(DuckDbErrorType.Constraint, constraint.ErrorType);
        Assert.DoesNotContain("42", constraint.LogText, StringComparison.Ordinal);
    }

    [Fact]
    public void Rolled_back_rows_are_gone_and_committed_rows_stay()
    {
        _connection.Execute("CREATE TABLE t (id INTEGER)");
        _connection.Begin();
        _connection.Execute("INSERT INTO t VALUES (1)");
        _connection.Rollback();
        _connection.Begin();
        _connection.Execute("INSERT INTO t VALUES (2)");
        using (var other = _database.Connect()) Assert.Equal(0L, Scalar("SELECT count(*) FROM t", other));
        _connection.Commit();
        Assert.Equal(2, Scalar("SELECT min(id) FROM t"));
    }

    [Fact]
    public void Prepared_statements_know_their_columns_and_take_new_values()
    {
        using var statement = _connection.Prepare("SELECT $a::INTEGER + 1 AS next, 'x' AS text, $b::DECIMAL(10,2) AS d");
        Assert.Equal(["next", "text", "d"], statement.ColumnNames);
        Assert.Equal(
            [LogicalType.Integer, LogicalType.Varchar, LogicalType.Decimal(10, 2)], statement.ColumnTypes);
        for (var i = 0; i < 3; i++)
        {
            statement.Bind(statement.ParameterIndex("a"), i);
            statement.Bind(statement.ParameterIndex("b"), -1.25m);
            using var result = statement.Query();
            using var chunk = result.Fetch()!;
            Assert.Equal(i + 1, chunk[0].Data<int>()[0]);
            Assert.Equal("x", chunk[1].GetString(0));
            Assert.Equal(-125, chunk[2].Data<long>()[0]);
            Assert.Null(result.Fetch());
        }
        Assert.Throws<DuckDbException>(() => statement.Bind(3, 1));
    }

    [Fact]
    public async Task Interrupt_stops_a_long_query()
    {
        var running = Task.Factory.StartNew(
            () => _connection.Execute(Endless), Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        // An interrupt that comes before the query began is forgotten by it, so it is said until it is heard.
        for (var began = Stopwatch.GetTimestamp(); !running.IsCompleted && Stopwatch.GetElapsedTime(began) < Timeout;)
        {
            _connection.Interrupt();
            await Task.WhenAny(running, Task.Delay(50, Stop));
        }
        var error = await Assert.ThrowsAsync<DuckDbException>(() => running.WaitAsync(TimeSpan.FromSeconds(1), Stop));
        Assert.Equal(DuckDbErrorType.Interrupt, error.ErrorType);
        Assert.Equal(1, Scalar("SELECT 1"));
    }

    [Fact]
    public async Task Cancellation_is_never_lost_whenever_it_comes()
    {
        for (var i = 0; i < 60; i++)
        {
            using var cancellation = new CancellationTokenSource();
            using var ready = new ManualResetEventSlim();
            var running = Task.Run(() =>
            {
                using var scope = _connection.CancelWith(cancellation.Token);
                ready.Set();
                return _connection.Execute(Endless);
            });
            ready.Wait(Stop);
            Thread.SpinWait(i * i * 20);
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(Timeout, Stop));
        }
        Assert.Equal(1, Scalar("SELECT 1"));
    }

    [Fact]
    public void Cancellation_ends_a_streaming_result()
    {
        using var cancellation = new CancellationTokenSource();
        using var scope = _connection.CancelWith(cancellation.Token);
        using var result = _connection.Query("SELECT * FROM range(100000000)");
        result.Fetch()!.Dispose();
        cancellation.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => result.Drain());
    }

    [Fact]
    public void Cancelled_scope_refuses_new_queries_until_disposed()
    {
        using (_connection.CancelWith(new CancellationToken(canceled: true)))
            Assert.ThrowsAny<OperationCanceledException>(() => _connection.Execute("SELECT 1"));
        Assert.Equal(1, Scalar("SELECT 1"));
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private long Scalar(string sql, DuckDbConnection? connection = null)
    {
        using var result = (connection ?? _connection).Query(sql);
        using var chunk = result.Fetch()!;
        return chunk[0].TypeId == DuckDbTypeId.BigInt ? chunk[0].Data<long>()[0] : chunk[0].Data<int>()[0];
    }

    private DuckDbErrorType TypeOf(string sql) =>
        Assert.Throws<DuckDbException>(() => _connection.Execute(sql)).ErrorType;
}
