using System.Globalization;
using System.Net;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Crash;

public sealed class PostgresCrashTests : CrashTests
{
    internal const string Warehouse =
        "{ type: postgres, host: \"${POSTGRES_HOST}\", port: \"${POSTGRES_PORT}\", user: \"${POSTGRES_USER}\", password: "
            + "\"${POSTGRES_PASSWORD:-}\", database: \"${POSTGRES_DB}\" }";

    [Fact]
    public async Task Killed_at_random_moments_PostgreSQL_holds_every_record_exactly_once()
    {
        var server = await PostgresServer.SharedAsync();
        var connection = await server.CreateDatabaseAsync();
        try
        {
            await KillAndProveAsync(Warehouse, Environment(connection), seed: 20261122);
        }
        finally
        {
            await server.DropDatabaseAsync(connection);
        }
    }

    [Fact]
    public async Task PostgreSQL_away_at_the_start_and_killed_midway_is_waited_for_and_nothing_is_lost_or_doubled()
    {
        await using var server = await PostgresServer.StartPrivateAsync();
        var connection = await server.CreateDatabaseAsync();
        var environment = Environment(connection);
        var folder = Directory.CreateTempSubdirectory("tidemill-outage-").FullName;
        try
        {
            CrashProject.Write(folder, Warehouse);
            await server.KillAsync();
            await using (var process = TidemillProcess.Start(environment, "up", folder, "--port", "0", "--no-workflows"))
            {
                using var http = new HttpClient { BaseAddress = await process.ReadyAsync(DataFolder.For(folder)) };
                using var unready = await http.GetAsync("/health");
                Assert.Equal(HttpStatusCode.ServiceUnavailable, unready.StatusCode);
                await server.StartAsync();
                await FlowsAsync(http, beyond: 0);
                for (var outage = 0; outage < 3; outage++)
                {
                    var before = await RecordsAsync(http);
                    await server.KillAsync();
                    await server.StartAsync();
                    await FlowsAsync(http, before + 500);
                }

                Assert.Equal(0, await process.InterruptAsync());
            }

            await ProveAsync(folder, environment, []);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The variables that a project's prod target reads.</summary>
    internal static Dictionary<string, string> Environment(WarehouseConnection connection) => new()
    {
        ["POSTGRES_HOST"] = connection.Host,
        ["POSTGRES_PORT"] = connection.Port.ToString(CultureInfo.InvariantCulture),
        ["POSTGRES_USER"] = connection.User,
        ["POSTGRES_PASSWORD"] = connection.Password ?? "",
        ["POSTGRES_DB"] = connection.Database,
    };

    private static async Task FlowsAsync(HttpClient http, long beyond)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (await RecordsAsync(http) <= beyond)
            await Task.Delay(50, patience.Token);
    }

    /// <summary>Records that the slowest stream has committed since the process started.</summary>
    private static async Task<long> RecordsAsync(HttpClient http)
    {
        var streams = JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync("/api/streams"));
        var records = streams.EnumerateArray().Where(s => s.GetProperty("name").GetString() != "generator")
            .Select(s => s.GetProperty("records").GetInt64()).ToList();
        return records.Count == 0 ? 0 : records.Min();
    }
}
