using System.Diagnostics;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.IntegrationTests.Crash;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>
/// The real program stands still (SIGSTOP) in the middle of a Kafka transaction, past its session and past the
/// transaction's timeout, and then goes on as if nothing had been.
/// </summary>
public sealed class MirrorZombieTests
{
    private const int Records = 100_000;
    private const int More = 5_000;
    private const string Options =
        "{session.timeout.ms: \"3000\", heartbeat.interval.ms: \"500\", message.timeout.ms: \"4000\", transaction.timeout.ms: \"4000\"}";

    private static readonly TimeSpan PastTransaction = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_mirror_that_stood_still_in_a_transaction_writes_nothing_twice(bool takenOver)
    {
        var server = await KafkaServer.SharedAsync();
        var folder = Directory.CreateTempSubdirectory("tidemill-zombie-").FullName;
        var id = Guid.NewGuid().ToString("N")[..8];
        var environment = MirrorProject.Environment(server);
        try
        {
            MirrorProject.Write(folder, id, batch: 500, Options);
            await using var log = await server.OpenAsync();
            await MirrorProject.FillAsync(log, $"in-{id}", Records);
            await using var zombie = await StartAsync(environment, folder, "one");
            await FreezeInTransactionAsync(zombie, log, $"copy-{id}");
            var frozen = Stopwatch.GetTimestamp();
            var before = await MirrorProject.CountAsync(log, $"copy-{id}");
            await using var heir = takenOver ? await StartAsync(environment, folder, "two") : null;
            if (heir is not null)
                await UntilAsync(log, $"copy-{id}", Records);

            await Task.Delay(TimeSpan.FromTicks(Math.Max(0, (PastTransaction - Stopwatch.GetElapsedTime(frozen)).Ticks)));
            await zombie.ThawAsync();
            await MirrorProject.FillAsync(log, $"in-{id}", More, first: Records);
            await UntilAsync(log, $"copy-{id}", Records + More);
            await UntilAsync(log, $"rows-{id}", (Records + More) / 2);

            Assert.True(before < Records, "Everything was copied before it stood still.");
            foreach (var process in new[] { zombie, heir }.OfType<TidemillProcess>())
                Assert.Equal(0, await process.InterruptAsync());

            await MirrorProject.ProveAsync(folder, environment, streams: 2, Records + More);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<TidemillProcess> StartAsync(IReadOnlyDictionary<string, string> environment, string folder, string data)
    {
        var path = Path.Combine(folder, data);
        var process = TidemillProcess.Start(environment, "up", folder, "--port", "0", "--no-workflows", "--data", path);
        await process.ReadyAsync(DataFolder.For(folder, path));
        return process;
    }

    /// <summary>Readers of committed records then see less than there is: a transaction is open.</summary>
    private static async Task FreezeInTransactionAsync(TidemillProcess process, KafkaLog log, string topic)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Patience)
        {
            if (await log.DescribeTopicAsync(topic, default) is not { Records: > 0 })
            {
                await Task.Delay(10);
                continue;
            }

            await process.FreezeAsync();
            var committed = (await log.DescribeTopicAsync(topic, default))!;
            var ends = await log.FindEndsAsync([.. committed.Partitions.Select(p => new TopicPartition(topic, p.Partition))], default);
            if (committed.Partitions.Any(p => ends[new TopicPartition(topic, p.Partition)] > p.Next))
                return;

            await process.ThawAsync();
            await Task.Delay(10);
        }

        Assert.Fail("It was never met in a transaction.");
    }

    /// <summary>Waits for so many committed records, and fails on one more.</summary>
    private static async Task UntilAsync(KafkaLog log, string topic, int records)
    {
        using var patience = new CancellationTokenSource(Patience);
        for (var found = -1; found != records; await Task.Delay(200, patience.Token))
        {
            found = await MirrorProject.CountAsync(log, topic);
            Assert.True(found <= records, $"{topic} holds {found} records of {records}.");
        }
    }
}
