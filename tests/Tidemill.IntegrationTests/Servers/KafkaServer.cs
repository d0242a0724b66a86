using System.Globalization;
using Confluent.Kafka;
using Tidemill.Connectors.Kafka;
using Tidemill.Core.Configuration;
using SaslMechanism = Tidemill.Core.Configuration.SaslMechanism;

[assembly: AssemblyFixture(typeof(Tidemill.IntegrationTests.Servers.SharedKafka))]

namespace Tidemill.IntegrationTests.Servers;

/// <summary>Stops the shared broker when the last test is through.</summary>
public sealed class SharedKafka : IAsyncDisposable
{
    public ValueTask DisposeAsync() => KafkaServer.StopSharedAsync();
}

/// <summary>
/// A Kafka broker for tests: the one that TIDEMILL_TEST_KAFKA and its fellows name, else one from ../shared/servers that
/// answers plainly, by SASL, by TLS and by both. Tests share it and keep apart by topic names.
/// </summary>
public sealed class KafkaServer : IAsyncDisposable
{
    private static readonly Lazy<Task<KafkaServer?>> Shared = new(FindOrStartAsync);

    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly ServerScript? _script;
    private readonly IReadOnlyList<string> _start;

    private KafkaServer(IReadOnlyDictionary<string, string> environment, ServerScript? script, IReadOnlyList<string> start)
    {
        (_environment, _script, _start) = (environment, script, start);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    public string BootstrapServers => _environment["TIDEMILL_TEST_KAFKA"];

    /// <summary>The broker all tests of this process share; the test is skipped when there is none, but fails on CI.</summary>
    public static async Task<KafkaServer> SharedAsync() => Required(await Shared.Value);

    /// <summary>One or three brokers of the caller's own, which it may kill and revive.</summary>
    public static async Task<KafkaServer> StartPrivateAsync(int brokers = 1) =>
        Required(await StartAsync("--brokers", brokers.ToString(CultureInfo.InvariantCulture)));

    internal static async ValueTask StopSharedAsync()
    {
        if (Shared.IsValueCreated && await Shared.Value is { } server)
        {
            await server.DisposeAsync();
        }
    }

    public LogConnection Connection() => new() { Type = LogType.Kafka, BootstrapServers = [BootstrapServers] };

    public LogConnection Connection(SaslMechanism sasl, bool tls) => new()
    {
        Type = LogType.Kafka,
        BootstrapServers = [_environment["TIDEMILL_TEST_KAFKA" + (sasl == SaslMechanism.None ? "_TLS" : tls ? "_SASL_TLS" : "_SASL")]],
        Security = new KafkaSecurity
        {
            Sasl = sasl,
            User = sasl == SaslMechanism.None ? null : _environment["TIDEMILL_TEST_KAFKA_SASL_USER"],
            Password = sasl == SaslMechanism.None ? null : _environment["TIDEMILL_TEST_KAFKA_SASL_PASSWORD"],
            Tls = tls,
            CaFile = tls ? _environment["TIDEMILL_TEST_KAFKA_CA"] : null,
        },
    };

    public Task<KafkaLog> OpenAsync(LogConnection? connection = null) =>
        KafkaLog.OpenAsync(connection ?? Connection(), Path.GetTempPath(), TimeProvider.System, default);

    /// <summary>Deletes the topic if there is one.</summary>
    public async Task DeleteTopicAsync(string topic)
    {
        await using var log = await OpenAsync();
        if (await log.DescribeTopicAsync(topic, default) is not null)
        {
            await log.DeleteTopicAsync(topic, default);
        }
    }

    /// <summary>Deletes partition 0's records before the offset, as retention does.</summary>
    public async Task DeleteRecordsAsync(string topic, long before)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(topic, 0, before)]);
    }

    /// <summary>SIGKILL for every broker.</summary>
    public Task KillAsync() => _script!.RunAsync("kill", "kafka");

    /// <summary>SIGKILL for one broker; they count from 1.</summary>
    public Task KillAsync(int broker) => _script!.RunAsync("kill", "kafka", $"broker-{broker}");

    /// <summary>Starts what is dead, with its data and at its port, and waits until all replicas are in sync.</summary>
    public Task ReviveAsync() => _script!.RunAsync([.. _start]);

    public ValueTask DisposeAsync() => _script?.DisposeAsync() ?? default;

    private static async Task<KafkaServer?> FindOrStartAsync()
    {
        var given = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .Where(e => ((string)e.Key).StartsWith("TIDEMILL_TEST_KAFKA", StringComparison.Ordinal) && e.Value is string { Length: > 0 })
            .ToDictionary(e => (string)e.Key, e => (string)e.Value!);
        return given.ContainsKey("TIDEMILL_TEST_KAFKA") ? new KafkaServer(given, null, []) : await StartAsync("--sasl", "--tls");
    }

    private static async Task<KafkaServer?> StartAsync(params string[] options)
    {
        if (ServerScript.Find() is not { } script)
        {
            return null;
        }

        string[] start = ["start", "kafka", "--port", FreePorts.Fifty().ToString(CultureInfo.InvariantCulture), .. options];
        return new KafkaServer(await script.RunAsync(start), script, start);
    }

    private static KafkaServer Required(KafkaServer? server) => TestServer.Required(
        server, "No Kafka: set TIDEMILL_TEST_KAFKA, or have ../shared/servers.");
}
