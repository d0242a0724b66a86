using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
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

    /// <summary>A broker of the caller's own, which it may kill and revive.</summary>
    public static async Task<KafkaServer> StartPrivateAsync() => Required(await StartAsync("--brokers", "1"));

    internal static async ValueTask StopSharedAsync()
    {
        if (Shared.IsValueCreated && await Shared.Value is { } server)
            await server.DisposeAsync();
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
            await log.DeleteTopicAsync(topic, default);
    }

    /// <summary>Deletes partition 0's records before the offset, as retention does.</summary>
    public async Task DeleteRecordsAsync(string topic, long before)
    {
        using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = BootstrapServers }).Build();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(topic, 0, before)]);
    }

    /// <summary>
    /// As many brokers as there are proxies, with SASL, which tell their clients the proxies' ports; among themselves they
    /// talk past the proxies. A proxy leads to <see cref="ProxiedPort"/> of the given port and its broker, which count from 0.
    /// </summary>
    public static async Task<KafkaServer> StartBehindAsync(int port, IReadOnlyList<int> proxies) => Required(await StartAsync(
        port,
        [.. proxies.Select(
            (proxy, broker) => $"advertised.listeners=PLAINTEXT://127.0.0.1:{port + broker},SASL_PLAINTEXT://127.0.0.1:{proxy}")],
        "--sasl"));

    /// <summary>A broker whose TLS listener lets in who has a certificate of the authority, which is a PEM file.</summary>
    public static async Task<KafkaServer> StartWithClientCertificatesAsync(string authority) => Required(await StartAsync(
        FreePorts.Fifty(),
        [$"""
        listener.name.ssl.ssl.client.auth=required
        listener.name.ssl.ssl.truststore.type=PEM
        listener.name.ssl.ssl.truststore.location={authority}
        """],
        "--tls"));

    public static int ProxiedPort(int port, int broker) => port + 10 + broker;

    /// <summary>SIGKILL for every broker.</summary>
    public Task KillAsync() => _script!.RunAsync("kill", "kafka");

    /// <summary>SIGKILL for one broker; they count from 1.</summary>
    public Task KillAsync(int broker) => _script!.RunAsync("kill", "kafka", $"broker-{broker}");

    /// <summary>
    /// Starts what is dead, with its data and at its port, and waits until all replicas are in sync. Of several brokers one
    /// must be alive.
    /// </summary>
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
            return null;

        string[] start = ["start", "kafka", "--port", FreePorts.Fifty().ToString(CultureInfo.InvariantCulture), .. options];
        return new KafkaServer(await script.RunAsync(start), script, start);
    }

    /// <summary>As many brokers as there are texts of properties to add to theirs.</summary>
    private static async Task<KafkaServer?> StartAsync(int port, IReadOnlyList<string> properties, string option)
    {
        if (ServerScript.Find() is not { } script)
            return null;

        var start = new ProcessStartInfo(
            Path.Combine(Path.GetDirectoryName(ThisFile())!, "kafka-with-properties.sh"),
            [script.Servers, "--brokers", $"{properties.Count}", "--port", $"{port}", option]);
        for (var broker = 0; broker < properties.Count; broker++)
            start.Environment[$"BROKER_PROPERTIES_{broker + 1}"] = properties[broker];

        return new KafkaServer(await script.RunAsync(start), script, ["revive", "kafka"]);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private static KafkaServer Required(KafkaServer? server) => TestServer.Required(
        server, "No Kafka: set TIDEMILL_TEST_KAFKA, or have ../shared/servers.");
}
