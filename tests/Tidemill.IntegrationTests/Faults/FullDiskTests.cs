using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Tidemill.Connectors.DuckDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.IntegrationTests.Crash;

namespace Tidemill.IntegrationTests.Faults;

/// <summary>A disk that is really full, under the whole program and under the warehouse alone.</summary>
public sealed class FullDiskTests : CrashTests, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-fulldisk-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Full_disk_is_answered_by_507_waited_for_and_nothing_is_lost_or_doubled()
    {
        var environment = new Dictionary<string, string>();
        CrashProject.Write(_folder, "{ type: duckdb }");
        var data = DataFolder.For(_folder);
        Directory.CreateDirectory(data.Path);
        using var disk = SmallDisk.Mount(data.Path, megabytes: 64);
        disk.OccupyAllBut(12 << 20);
        var acknowledged = new List<Guid>();
        await using (var process = TidemillProcess.Start(environment, "up", _folder, "--port", "0", "--no-workflows"))
        {
            using var http = new HttpClient { BaseAddress = await process.ReadyAsync(data) };
            await PostUntilAsync(http, HttpStatusCode.InsufficientStorage, acknowledged);
            disk.Free();
            await PostUntilAsync(http, HttpStatusCode.OK, acknowledged);
            var before = await RecordsAsync(http);
            await UntilAsync(async () => await RecordsAsync(http) >= before + 500);
            Assert.Equal(0, await process.InterruptAsync());
        }

        await ProveAsync(_folder, environment, acknowledged);
    }

    [Fact]
    public async Task Checkpoint_on_a_full_disk_fails_with_DiskFull_and_the_warehouse_goes_on_once_there_is_room()
    {
        using var disk = SmallDisk.Mount(_folder, megabytes: 24);
        await using var warehouse = await DuckDbWarehouse.OpenAsync(
            Path.Combine(_folder, "warehouse.duckdb"), new WarehouseConnection(), Token);
        await warehouse.ExecuteAsync("CREATE TABLE kept AS SELECT i, hash(i) AS h FROM range(200000) AS r(i)", [], Token);
        disk.OccupyAllBut(100_000);

        const string More = "INSERT INTO kept SELECT i, hash(i) FROM range(200000, 300000) AS r(i)";
        Assert.Equal(ErrorCode.DiskFull, await CodeOfAsync(() => warehouse.ExecuteAsync(More, [], Token)));
        Assert.Equal(200_000, await CountAsync(warehouse));

        // The engine is broken then, and opened again: rows can be read although there is no room yet.
        Assert.Equal(ErrorCode.DiskFull, await CodeOfAsync(() => warehouse.ExecuteAsync("FORCE CHECKPOINT", [], Token)));
        Assert.Equal(200_000, await CountAsync(warehouse));
        Assert.Equal(ErrorCode.DiskFull, await CodeOfAsync(() => warehouse.ExecuteAsync(More, [], Token)));

        disk.Free();
        Assert.Equal(200_000, await CountAsync(warehouse));
        await warehouse.ExecuteAsync(More, [], Token);
        await warehouse.ExecuteAsync("FORCE CHECKPOINT", [], Token);
        Assert.Equal(300_000, await CountAsync(warehouse));
    }

    private static async Task<ErrorCode> CodeOfAsync(Func<Task> work) => (await Assert.ThrowsAsync<TidemillException>(work)).Code;

    private static async Task<long> CountAsync(DuckDbWarehouse warehouse)
    {
        await using var result = await warehouse.QueryAsync(
            "SELECT count(*) FROM kept WHERE h = hash(i)", [], readOnly: true, Token);
        return (long)(await result.ReadRowsAsync(Token).FirstAsync(Token))[0]!;
    }

    /// <summary>Posts until the answer has the status; records count as acknowledged when the answer is 200.</summary>
    private static async Task PostUntilAsync(HttpClient http, HttpStatusCode status, List<Guid> acknowledged) =>
        await UntilAsync(async () =>
    {
        var ids = Enumerable.Range(0, 100).Select(_ => Guid.NewGuid()).ToList();
        using var answer = await http.PostAsJsonAsync("/api/topics/payments/records", ids.Select(id => new
        {
            id,
            user_id = Guid.Empty,
            amount = 1.25,
            event_time = "2026-01-31T12:00:00Z",
        }), Token);
        if (answer.StatusCode == HttpStatusCode.OK)
        {
            acknowledged.AddRange(ids);
        }
        else
        {
            var problem = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync(Token));
            Assert.Equal("DiskFull", problem.GetProperty("code").GetString());
        }

        return answer.StatusCode == status;
    });

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
            await Task.Delay(20, patience.Token);
    }

    /// <summary>Records that the slowest stream has committed since the process started.</summary>
    private static async Task<long> RecordsAsync(HttpClient http)
    {
        var streams = JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync("/api/streams", Token));
        return streams.EnumerateArray().Where(s => s.GetProperty("name").GetString() != "generator")
            .Min(s => s.GetProperty("records").GetInt64());
    }
}
