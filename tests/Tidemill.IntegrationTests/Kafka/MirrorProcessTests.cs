using Tidemill.Core.Configuration;
using Tidemill.IntegrationTests.Crash;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>
/// The real program between two Kafka connections, SASL in front and plain behind, killed again and again: 100,000 records
/// as they are, and as rows, each in its target exactly once.
/// </summary>
public sealed class MirrorProcessTests
{
    private const int Records = 100_000;
    private const int Kills = 8;

    [Fact]
    public async Task A_hundred_thousand_records_are_mirrored_exactly_once_under_SIGKILL()
    {
        var server = await KafkaServer.SharedAsync();
        var folder = Directory.CreateTempSubdirectory("tidemill-mirror-").FullName;
        var id = Guid.NewGuid().ToString("N")[..8];
        var environment = MirrorProject.Environment(server);
        try
        {
            MirrorProject.Write(folder, id);
            await using var log = await server.OpenAsync();
            await MirrorProject.FillAsync(log, $"in-{id}", Records);
            var random = new Random(7);
            for (var kill = 0; kill < Kills; kill++)
            {
                await using var process = TidemillProcess.Start(environment, "up", folder, "--port", "0", "--no-workflows");
                await process.ReadyAsync(DataFolder.For(folder));
                await Task.Delay(random.Next(0, 900));
                await process.KillAsync();
            }

            foreach (var stream in new[] { $"mirror{id}", $"rows{id}" })
            {
                var run = await TidemillProcess.RunAsync(environment, "run", "stream", stream, "--project", folder);
                Assert.True(run.ExitCode == 0, run.Output);
            }

            await MirrorProject.ProveAsync(folder, environment, streams: 2, Records);
            Assert.Equal(Records, await MirrorProject.CountAsync(log, $"copy-{id}"));
            Assert.Equal(Records / 2, await MirrorProject.CountAsync(log, $"rows-{id}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
