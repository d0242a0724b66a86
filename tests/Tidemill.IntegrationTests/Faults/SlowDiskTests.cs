using System.Diagnostics;
using System.Net.Http.Json;
using Tidemill.Core.Configuration;
using Tidemill.IntegrationTests.Crash;

namespace Tidemill.IntegrationTests.Faults;

/// <summary>The program with everything embedded, on a disk that is slow: log, checkpoints and DuckDB wait for it.</summary>
public sealed class SlowDiskTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(150);

    [Fact]
    public async Task Records_are_acknowledged_only_when_a_slow_disk_has_them_and_survive_kills_meanwhile()
    {
        using var disk = await SlowDisk.BuildAsync();
        var folder = Directory.CreateTempSubdirectory("tidemill-slow-").FullName;
        try
        {
            CrashProject.Write(folder, "{ type: duckdb }");
            var random = new Random(20261121);
            var acknowledged = new List<Guid>();
            for (var kill = 0; kill < 3; kill++)
            {
                await disk.DelayAsync(TimeSpan.Zero);
                await using var process = TidemillProcess.Start(disk.Environment, "up", folder, "--port", "0", "--no-workflows");
                using var http = new HttpClient { BaseAddress = await process.ReadyAsync(DataFolder.For(folder)) };
                await disk.DelayAsync(Delay);
                for (var post = 0; post < 4; post++)
                {
                    var started = Stopwatch.GetTimestamp();
                    await PostAsync(http, acknowledged);
                    Assert.True(Stopwatch.GetElapsedTime(started) >= Delay, "The answer came before the disk had the records.");
                }

                await Task.Delay(random.Next(0, 500));
                await process.KillAsync();
            }

            await CrashTests.ProveAsync(folder, new Dictionary<string, string>(), acknowledged);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task PostAsync(HttpClient http, List<Guid> acknowledged)
    {
        var id = Guid.NewGuid();
        using var answer = await http.PostAsJsonAsync("/api/topics/payments/records", new
        {
            id,
            user_id = Guid.Empty,
            amount = 1.25,
            event_time = "2026-01-31T12:00:00Z",
        });
        answer.EnsureSuccessStatusCode();
        acknowledged.Add(id);
    }
}
