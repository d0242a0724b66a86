using System.Globalization;
using System.Text.Json;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.IntegrationTests.Crash;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>A project between two Kafka connections, SASL in front and plain behind: records passed on as they are, and as rows.</summary>
internal static class MirrorProject
{
    public static IReadOnlyDictionary<string, string> Environment(KafkaServer server)
    {
        var sasl = server.Connection(SaslMechanism.ScramSha256, tls: false);
        return new Dictionary<string, string>
        {
            ["MIRROR_LOG"] = server.BootstrapServers,
            ["MIRROR_PARTNER"] = string.Join(',', sasl.BootstrapServers),
            ["MIRROR_USER"] = sasl.Security.User!,
            ["MIRROR_PASSWORD"] = sasl.Security.Password!,
        };
    }

    public static async Task ProveAsync(string folder, IReadOnlyDictionary<string, string> environment, int streams, int records)
    {
        var verify = await TidemillProcess.RunAsync(environment, "verify", "--project", folder, "--json");
        Assert.True(verify.ExitCode == 0, verify.Output);
        var reports = JsonSerializer.Deserialize<JsonElement>(verify.Output[verify.Output.IndexOf('[', StringComparison.Ordinal)..]);
        Assert.Equal(streams, reports.GetArrayLength());
        foreach (var report in reports.EnumerateArray())
        {
            Assert.Equal(records, report.GetProperty("records").GetInt64());
            foreach (var none in new[] { "lost", "doubled", "altered", "pending" })
                Assert.Equal(0, report.GetProperty(none).GetInt64());
        }
    }

    /// <param name="options">librdkafka properties of the log, as a YAML map.</param>
    public static void Write(string folder, string id, int batch = 2000, string options = "{}")
    {
        Directory.CreateDirectory(Path.Combine(folder, "streams"));
        Put("tidemill.yaml", $$"""
            name: mirror
            default_target: it
            targets:
              it:
                log: bus
                connections:
                  bus: {type: kafka, bootstrap_servers: "${MIRROR_LOG}", options: {{options}}}
                  partner:
                    type: kafka
                    bootstrap_servers: "${MIRROR_PARTNER}"
                    options: {{options}}
                    security: {sasl: scram-sha-256, user: "${MIRROR_USER}", password: "${MIRROR_PASSWORD}"}
            """);
        Put($"streams/mirror{id}.yaml", $$"""
            source: {topic: in-{{id}}, connection: partner}
            batch: {max_records: {{batch}}, max_wait: 20ms}
            sinks:
              - topic: copy-{{id}}
            """);
        Put($"streams/rows{id}.yaml", $$"""
            source: {topic: in-{{id}}, connection: partner}
            decode: {fields: {id: bigint, text: text} }
            transform: SELECT id, upper(text) AS text FROM batch WHERE id % 2 = 0
            batch: {max_records: {{batch}}, max_wait: 20ms}
            sinks:
              - topic: {name: rows-{{id}}, key: id}
            """);

        void Put(string file, string text) => File.WriteAllText(Path.Combine(folder, file), text + "\n");
    }

    public static async Task FillAsync(KafkaLog log, string topic, int records, int first = 0)
    {
        await log.CreateTopicAsync(new TopicSpec(topic) { Partitions = 3 }, default);
        await using var producer = log.CreateProducer(new ProducerOptions());
        foreach (var part in Enumerable.Range(first, records).Chunk(20_000))
        {
            await producer.ProduceAsync(topic, [.. part.Select(i => new ProducerRecord
            {
                Key = BitConverter.GetBytes(i),
                Value = JsonSerializer.SerializeToUtf8Bytes(
                    new { id = i, text = string.Create(CultureInfo.InvariantCulture, $"record {i}") }),
                Headers = i % 100 == 0 ? [new("n", BitConverter.GetBytes(i))] : null,
            })], default);
        }
    }

    /// <summary>Committed records, counted beside Tidemill's own account.</summary>
    public static async Task<int> CountAsync(KafkaLog log, string topic)
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
