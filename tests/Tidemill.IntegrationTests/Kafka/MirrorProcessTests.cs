using System.Globalization;
using System.Text.Json;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
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
        var sasl = server.Connection(SaslMechanism.ScramSha256, tls: false);
        var environment = new Dictionary<string, string>
        {
            ["MIRROR_LOG"] = server.BootstrapServers,
            ["MIRROR_PARTNER"] = string.Join(',', sasl.BootstrapServers),
            ["MIRROR_USER"] = sasl.Security.User!,
            ["MIRROR_PASSWORD"] = sasl.Security.Password!,
        };
        try
        {
            Write(folder, id);
            await using var log = await server.OpenAsync();
            await FillAsync(log, $"in-{id}");
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

            await ProveAsync(folder, environment);
            Assert.Equal(Records, await CountAsync(log, $"copy-{id}"));
            Assert.Equal(Records / 2, await CountAsync(log, $"rows-{id}"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task ProveAsync(string folder, IReadOnlyDictionary<string, string> environment)
    {
        var verify = await TidemillProcess.RunAsync(environment, "verify", "--project", folder, "--json");
        Assert.True(verify.ExitCode == 0, verify.Output);
        var reports = JsonSerializer.Deserialize<JsonElement>(verify.Output[verify.Output.IndexOf('[', StringComparison.Ordinal)..]);
        Assert.Equal(2, reports.GetArrayLength());
        foreach (var report in reports.EnumerateArray())
        {
            Assert.Equal(Records, report.GetProperty("records").GetInt64());
            foreach (var none in new[] { "lost", "doubled", "altered", "pending" })
            {
                Assert.Equal(0, report.GetProperty(none).GetInt64());
            }
        }
    }

    private static void Write(string folder, string id)
    {
        Directory.CreateDirectory(Path.Combine(folder, "streams"));
        Put("tidemill.yaml", """
            name: mirror
            default_target: it
            targets:
              it:
                log: {type: kafka, bootstrap_servers: "${MIRROR_LOG}"}
                connections:
                  partner:
                    type: kafka
                    bootstrap_servers: "${MIRROR_PARTNER}"
                    security: {sasl: scram-sha-256, user: "${MIRROR_USER}", password: "${MIRROR_PASSWORD}"}
            """);
        Put($"streams/mirror{id}.yaml", $$"""
            source: {topic: in-{{id}}, connection: partner}
            batch: {max_records: 2000, max_wait: 20ms}
            sinks:
              - topic: copy-{{id}}
            """);
        Put($"streams/rows{id}.yaml", $$"""
            source: {topic: in-{{id}}, connection: partner}
            decode: {fields: {id: bigint, text: text} }
            transform: SELECT id, upper(text) AS text FROM batch WHERE id % 2 = 0
            batch: {max_records: 2000, max_wait: 20ms}
            sinks:
              - topic: {name: rows-{{id}}, key: id}
            """);

        void Put(string file, string text) => File.WriteAllText(Path.Combine(folder, file), text + "\n");
    }

    private static async Task FillAsync(KafkaLog log, string topic)
    {
        await log.CreateTopicAsync(new TopicSpec(topic) { Partitions = 3 }, default);
        await using var producer = log.CreateProducer(new ProducerOptions());
        foreach (var part in Enumerable.Range(0, Records).Chunk(20_000))
        {
            await producer.ProduceAsync(topic, [.. part.Select(i => new ProducerRecord
            {
                Key = BitConverter.GetBytes(i),
                Value = JsonSerializer.SerializeToUtf8Bytes(new { id = i, text = string.Create(CultureInfo.InvariantCulture, $"record {i}") }),
                Headers = i % 100 == 0 ? [new("n", BitConverter.GetBytes(i))] : null,
            })], default);
        }
    }

    /// <summary>Committed records, counted beside Tidemill's own account.</summary>
    private static async Task<int> CountAsync(KafkaLog log, string topic)
    {
        var count = 0;
        foreach (var partition in (await log.DescribeTopicAsync(topic, default))!.Partitions)
        {
            var start = new RecordPosition(new TopicPartition(topic, partition.Partition), partition.Earliest);
            await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [start] });
            for (var next = partition.Earliest; next < partition.Next;)
            {
                using var run = await consumer.PollAsync(TimeSpan.FromSeconds(20), default);
                Assert.NotNull(run);
                (next, count) = (run.Next, count + run.Records.Length);
            }
        }

        return count;
    }
}
