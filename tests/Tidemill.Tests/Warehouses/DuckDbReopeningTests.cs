using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Batches;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Warehouses;

/// <summary>A checkpoint that DuckDB aborts, as a full disk makes it do, breaks the engine: the file is opened again.</summary>
public sealed class DuckDbReopeningTests : IAsyncLifetime
{
    private static readonly TableWrite Append = new(new TableName("pairs"), ConflictRule.Append);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-reopening-").FullName;

    private DuckDbWarehouse Warehouse { get; set; } = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        Warehouse = await DuckDbWarehouse.OpenAsync(
            Path.Combine(_folder, "warehouse.duckdb"), new WarehouseConnection { MemoryLimit = 300_000_000, Threads = 2 }, Token);
        await Warehouse.ExecuteAsync("CREATE TABLE pairs (id INTEGER PRIMARY KEY, v VARCHAR)", [], Token);
        await Warehouse.ExecuteAsync("CREATE TABLE changed (i INTEGER)", [], Token);
    }

    public async ValueTask DisposeAsync()
    {
        await Warehouse.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Committed_rows_and_settings_are_there_again_and_what_was_under_way_is_not()
    {
        await using var idle = await Warehouse.OpenWriterAsync(Token);
        await WriteAsync(idle, 0, 1000);
        await using var busy = await Warehouse.OpenWriterAsync(Token);
        await busy.BeginAsync(Token);

        await using var open = await Warehouse.QueryAsync("SELECT i FROM range(10000000) AS r(i)", [], readOnly: true, Token);
        await using var read = open.ReadRowsAsync(Token).GetAsyncEnumerator(Token);
        Assert.True(await read.MoveNextAsync());

        Assert.Equal(ErrorCode.Unavailable, await BreakAsync());

        Assert.Equal([1000L, "UTC", "2", "286.1 MiB"], await RowAsync(
            "SELECT count(*), current_setting('TimeZone'), current_setting('threads')::VARCHAR, current_setting('memory_limit') FROM "
                + "pairs"));
        await WriteAsync(idle, 1000, 500);
        Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<TidemillException>(
            () => busy.ExecuteAsync("DELETE FROM pairs", [], Token))).Code);
        await busy.RollbackAsync();
        await WriteAsync(busy, 1500, 500);
        var cut = await Assert.ThrowsAsync<TidemillException>(async () =>
        {
            while (await read.MoveNextAsync())
            {
            }
        });
        Assert.Equal(ErrorCode.Unavailable, cut.Code);
        Assert.Equal([2000L, 1999], await RowAsync("SELECT count(*), max(id) FROM pairs"));
    }

    [Fact]
    public async Task Work_under_way_on_other_threads_gets_errors_that_are_retried_and_ends_up_done_once()
    {
        using var stop = new CancellationTokenSource();
        var retry = RetryPolicy.UntilItWorks(TimeProvider.System, _ => { });
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(n => Task.Run(async () =>
        {
            await using var writer = await Warehouse.OpenWriterAsync(Token);
            var id = n * 1_000_000;
            while (!stop.IsCancellationRequested)
            {
                await retry.ExecuteAsync(async _ =>
                {
                    if ((long)(await RowAsync($"SELECT count(*) FROM pairs WHERE id = {id}"))[0]! == 0)
                        await WriteAsync(writer, id, 50);
                }, Token);
                id += 50;
            }

            return id - (n * 1_000_000);
        }, Token)));
        for (var failure = 0; failure < 5; failure++)
        {
            await BreakAsync();
            await retry.ExecuteAsync(async _ => await RowAsync("SELECT count(*) FROM pairs"), Token);
        }

        await stop.CancelAsync();
        var written = await writing.WaitAsync(Patience, Token);
        Assert.Equal((long)written.Sum(), (await RowAsync("SELECT count(*) FROM pairs"))[0]);
    }

    [Fact]
    public async Task Keys_are_neither_lost_nor_doubled_when_the_engine_breaks_under_their_writers()
    {
        var ignore = new TableWrite(new TableName("firsts"), ConflictRule.Ignore) { Key = ["id"] };
        await Warehouse.ExecuteAsync("CREATE TABLE firsts (id INTEGER NOT NULL, v VARCHAR)", [], Token);
        using var stop = new CancellationTokenSource();
        var retry = RetryPolicy.UntilItWorks(TimeProvider.System, _ => { });
        var writing = Task.WhenAll(Enumerable.Range(0, 3).Select(seed => Task.Run(async () =>
        {
            var random = new Random(seed);
            var sent = new HashSet<int>();
            await using var writer = await Warehouse.OpenWriterAsync(Token);
            while (!stop.IsCancellationRequested)
            {
                int[] ids = [.. Enumerable.Range(0, 100).Select(_ => random.Next(50_000))];
                using var rows = Rows.Batch(Rows.Schema("id integer, v text"), [.. ids.Select(id => new object?[] { id, "v" })]);
                await retry.ExecuteAsync(async _ => await WriteAsync(writer, ignore, rows), Token);
                sent.UnionWith(ids);
            }

            return sent;
        }, Token)));
        for (var failure = 0; failure < 5; failure++)
        {
            await BreakAsync();
            await retry.ExecuteAsync(async _ => await RowAsync("SELECT count(*) FROM firsts"), Token);
        }

        await stop.CancelAsync();
        var all = (await writing.WaitAsync(Patience, Token)).SelectMany(ids => ids).ToHashSet();
        Assert.Equal([(long)all.Count, (long)all.Count], await RowAsync("SELECT count(*), count(DISTINCT id) FROM firsts"));
    }

    [Fact]
    public async Task Query_that_runs_long_is_stopped_so_that_the_file_can_be_opened_again()
    {
        var running = Warehouse.ExecuteAsync(
            "CREATE TEMP TABLE big AS SELECT count(*) AS n FROM range(100000000000) AS a(i) WHERE hash(i) = 1", [], Token);
        // On a busy machine the query may begin only after the first failure; the next one then stops it.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        while (!running.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            Assert.Equal(ErrorCode.Unavailable, await BreakAsync());
            Assert.Equal([0L], await RowAsync("SELECT count(*) FROM pairs"));
            await Task.WhenAny(running, Task.Delay(500, Token));
        }

        Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<TidemillException>(() => running)).Code);
    }

    [Fact]
    public async Task Checkpoint_after_checkpoint_may_fail_with_and_without_commits_beside_it()
    {
        var random = new Random(20261123);
        await using var writer = await Warehouse.OpenWriterAsync(Token);
        for (var failure = 0; failure < 12; failure++)
        {
            await WriteAsync(writer, 1000 * failure, 100);
            if (random.Next(2) == 0)
            {
                await Warehouse.ExecuteAsync("SET GLOBAL debug_checkpoint_sleep_ms = 100", [], Token);
                var breaking = BreakAsync();
                for (var i = 0; !breaking.IsCompleted; i++)
                {
                    await Warehouse.ExecuteAsync($"INSERT INTO changed VALUES ({i})", [], Token)
                        .ContinueWith(_ => { }, TaskScheduler.Default);
                }

                await breaking;
            }
            else
            {
                await BreakAsync();
            }

            Assert.Equal([100L * (failure + 1)], await RowAsync("SELECT count(*) FROM pairs"));
        }

        await Warehouse.ExecuteAsync("FORCE CHECKPOINT", [], Token);
        Assert.Equal([1200L], await RowAsync("SELECT count(*) FROM pairs"));
    }

    /// <summary>Lets a checkpoint fail after the blocks are written and before the header names them.</summary>
    private async Task<ErrorCode> BreakAsync()
    {
        while (true)
        {
            try
            {
                await Warehouse.ExecuteAsync("SET GLOBAL debug_checkpoint_abort = 'before_header'", [], Token);
                await Warehouse.ExecuteAsync("INSERT INTO changed VALUES (1)", [], Token);
                await Warehouse.ExecuteAsync("FORCE CHECKPOINT", [], Token);
            }
            catch (TidemillException error) when (error.Code is not ErrorCode.TransactionConflict)
            {
                return error.Code;
            }
        }
    }

    private static async Task WriteAsync(IWarehouseWriter writer, int first, int count)
    {
        using var rows = Rows.Batch(
            Rows.Schema("id integer, v text"), [.. Enumerable.Range(first, count).Select(i => new object?[] { i, "v" })]);
        await WriteAsync(writer, Append, rows);
    }

    private static async Task WriteAsync(IWarehouseWriter writer, TableWrite write, Batch rows)
    {
        try
        {
            await writer.BeginAsync(Token);
            await writer.WriteAsync(write, rows, Token);
            await writer.CommitAsync(Token);
        }
        catch
        {
            await writer.RollbackAsync();
            throw;
        }
    }

    private async Task<object?[]> RowAsync(string sql)
    {
        await using var result = await Warehouse.QueryAsync(sql, [], readOnly: true, Token);
        return await result.ReadRowsAsync(Token).FirstAsync(Token);
    }
}
