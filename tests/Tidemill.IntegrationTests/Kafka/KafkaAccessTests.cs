using System.Text;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>Logging in by each mechanism, and what is said when it fails.</summary>
public sealed class KafkaAccessTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(SaslMechanism.None, true)]
    [InlineData(SaslMechanism.Plain, false)]
    [InlineData(SaslMechanism.Plain, true)]
    [InlineData(SaslMechanism.ScramSha256, false)]
    [InlineData(SaslMechanism.ScramSha256, true)]
    [InlineData(SaslMechanism.ScramSha512, false)]
    [InlineData(SaslMechanism.ScramSha512, true)]
    public async Task Records_are_written_and_read_by_each_mechanism(SaslMechanism sasl, bool tls)
    {
        var server = await KafkaServer.SharedAsync();
        await using var log = await server.OpenAsync(server.Connection(sasl, tls));
        var topic = $"access-{Guid.NewGuid():N}";
        await log.CreateTopicAsync(new TopicSpec(topic), default);

        await using var producer = log.CreateProducer(new ProducerOptions());
        var position = Assert.Single(await producer.ProduceAsync(topic, [new ProducerRecord { Value = "v"u8.ToArray() }], default));
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [position] });
        using var read = await consumer.PollAsync(Patience, default);

        Assert.Equal("v", Encoding.UTF8.GetString(read!.Records[0].Value));
    }

    [Theory]
    [InlineData(SaslMechanism.Plain)]
    [InlineData(SaslMechanism.ScramSha512)]
    public async Task A_wrong_password_is_refused_everywhere_and_not_repeated(SaslMechanism sasl)
    {
        var server = await KafkaServer.SharedAsync();
        var right = server.Connection(sasl, tls: false);
        await using var log = await server.OpenAsync(right with { Security = right.Security with { Password = "not-the-password" } });

        await RefusedAsync(() => log.ListTopicsAsync(default));
        await using var producer = log.CreateProducer(new ProducerOptions());
        await RefusedAsync(() => producer.ProduceAsync("any", [new ProducerRecord { Value = "v"u8.ToArray() }], default).AsTask());
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [new(new("any", 0), LogOffset.Zero)] });
        await RefusedAsync(() => UntilErrorAsync(consumer));
    }

    [Fact]
    public async Task A_broker_whose_authority_is_not_trusted_is_refused()
    {
        var server = await KafkaServer.SharedAsync();
        var right = server.Connection(SaslMechanism.None, tls: true);
        await using var log = await server.OpenAsync(right with { Security = right.Security with { CaFile = null } });

        await RefusedAsync(() => log.ListTopicsAsync(default));
    }

    [Fact]
    public async Task Brokers_that_are_not_there_are_unavailable_soon()
    {
        await using var log = await OpenAsync(Nowhere);
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [new(new("any", 0), LogOffset.Zero)] });

        var error = await Assert.ThrowsAsync<TidemillException>(() => log.DescribeTopicAsync("any", default)).WaitAsync(Patience);

        Assert.Equal(ErrorCode.Unavailable, error.Code);
        Assert.Contains("127.0.0.1:1", error.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorCode.Unavailable, (await Assert.ThrowsAsync<TidemillException>(() => UntilErrorAsync(consumer))).Code);
    }

    [Theory]
    [InlineData("no.such.property", "1")]
    [InlineData("compression.type", "secret-and-wrong")]
    public async Task An_option_that_librdkafka_refuses_is_named_without_its_value(string name, string value)
    {
        await KafkaServer.SharedAsync();

        var error = await Assert.ThrowsAsync<TidemillException>(
            () => OpenAsync(Nowhere with { Options = new Dictionary<string, string> { [name] = value } }));

        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        await KafkaServer.SharedAsync();

        var error = await Assert.ThrowsAsync<TidemillException>(
            () => OpenAsync(Nowhere with { Security = new KafkaSecurity { Tls = true, CaFile = "none/ca.pem" } }));

        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
        Assert.Contains(Path.GetFullPath("none/ca.pem", Path.GetTempPath()), error.Message, StringComparison.Ordinal);
    }

    private static LogConnection Nowhere => new() { Type = LogType.Kafka, BootstrapServers = ["127.0.0.1:1"] };

    private static Task<KafkaLog> OpenAsync(LogConnection connection) =>
        KafkaLog.OpenAsync(connection, Path.GetTempPath(), TimeProvider.System, default);

    private static async Task UntilErrorAsync(ILogConsumer consumer)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var ignored = await consumer.PollAsync(TimeSpan.FromMilliseconds(100), patience.Token);
        }
    }

    private static async Task RefusedAsync(Func<Task> action)
    {
        var error = await Assert.ThrowsAsync<TidemillException>(action).WaitAsync(Patience);
        Assert.Equal(ErrorCode.AccessDenied, error.Code);
        Assert.DoesNotContain("not-the-password", error.ToString(), StringComparison.Ordinal);
    }
}
