using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Tidemill.Core.Configuration;

namespace Tidemill.IntegrationTests.Crash;

/// <summary>
/// The program is killed by SIGKILL at random moments, while starting, reading, writing and committing, with records
/// coming from its generator and over HTTP. In the end every acknowledged record is there exactly once.
/// </summary>
public abstract class CrashTests
{
    private const int Kills = 25;

    protected static async Task KillAndProveAsync(string warehouse, IReadOnlyDictionary<string, string> environment, int seed)
    {
        TestContext.Current.SendDiagnosticMessage($"seed {seed}");
        var folder = Directory.CreateTempSubdirectory("tidemill-crash-").FullName;
        var data = DataFolder.For(folder);
        try
        {
            CrashProject.Write(folder, warehouse);
            var random = new Random(seed);
            var acknowledged = new List<Guid>();
            for (var kill = 0; kill < Kills; kill++)
            {
                await using var process = TidemillProcess.Start(environment, "up", folder, "--port", "0", "--no-workflows");
                if (kill % 5 == 4)
                {
                    // Somewhere in the start: recovery, opening the warehouse, the first batches.
                    await Task.Delay(random.Next(100, 1500));
                }
                else
                {
                    var url = await process.ReadyAsync(data);
                    await PostUntilAsync(url, TimeSpan.FromMilliseconds(random.Next(0, 800)), acknowledged);
                }

                await process.KillAsync();
            }

            Assert.NotEmpty(acknowledged);
            await ProveAsync(folder, environment, acknowledged);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Posts until the time is up; only records that the server acknowledged count.</summary>
    private static async Task PostUntilAsync(Uri url, TimeSpan time, List<Guid> acknowledged)
    {
        using var http = new HttpClient { BaseAddress = url };
        var started = Stopwatch.GetTimestamp();
        do
        {
            var ids = Enumerable.Range(0, 20).Select(_ => Guid.NewGuid()).ToList();
            using var answer = await http.PostAsJsonAsync("/api/topics/payments/records", ids.Select(id => new
            {
                id,
                user_id = Guid.Empty,
                amount = 1.25,
                event_time = "2026-01-31T12:00:00Z",
            }));
            answer.EnsureSuccessStatusCode();
            acknowledged.AddRange(ids);
        }
        while (Stopwatch.GetElapsedTime(started) < time);
    }

    internal static async Task ProveAsync(string folder, IReadOnlyDictionary<string, string> environment, List<Guid> acknowledged)
    {
        foreach (var stream in CrashProject.Streams)
        {
            var run = await TidemillProcess.RunAsync(environment, "run", "stream", stream, "--project", folder);
            Assert.True(run.ExitCode == 0, run.Output);
        }

        var verify = await TidemillProcess.RunAsync(environment, "verify", "--project", folder, "--json");
        Assert.True(verify.ExitCode == 0, verify.Output);
        var reports = JsonSerializer.Deserialize<JsonElement>(verify.Output[verify.Output.IndexOf('[', StringComparison.Ordinal)..]);
        Assert.Equal(CrashProject.Streams.Length, reports.GetArrayLength());
        foreach (var report in reports.EnumerateArray())
        {
            Assert.Equal(0, report.GetProperty("lost").GetInt64());
            Assert.Equal(0, report.GetProperty("doubled").GetInt64());
            Assert.Equal(0, report.GetProperty("altered").GetInt64());
            Assert.Equal(0, report.GetProperty("pending").GetInt64());
            Assert.True(report.GetProperty("rowsFound").GetInt64() > 0);
        }

        // What the client was told is held against the table itself, past Tidemill's own account of the log.
        var query = await TidemillProcess.RunAsync(
            environment, "query", "SELECT CAST(id AS varchar) FROM appended WHERE amount = 1.25", "--format", "csv", "--project", folder);
        var found = query.Output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(id => Guid.TryParse(id, CultureInfo.InvariantCulture, out var parsed) ? parsed : Guid.Empty).CountBy(
                id => id).ToDictionary();
        Assert.All(acknowledged, id => Assert.Equal(1, found.GetValueOrDefault(id)));
    }
}

public sealed class DuckDbCrashTests : CrashTests
{
    [Fact]
    public Task Killed_at_random_moments_DuckDB_holds_every_record_exactly_once() =>
        KillAndProveAsync("{ type: duckdb }", new Dictionary<string, string>(), seed: 20261121);
}
