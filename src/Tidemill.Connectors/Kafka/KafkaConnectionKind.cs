using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka;

/// <summary>A Kafka cluster.</summary>
public sealed class KafkaConnectionKind : IConnectionKind
{
    public static readonly KafkaConnectionKind Instance = new();

    /// <summary>Properties on which exactly-once reading and writing rests, or that have keys of their own.</summary>
    private static readonly string[] Reserved =
    [
        "bootstrap.servers", "metadata.broker.list", "security.protocol", "group.id", "enable.auto.commit", "enable.auto.offset.store",
        "auto.offset.reset", "enable.partition.eof", "enable.idempotence", "acks", "request.required.acks", "allow.auto.create.topics",
        "transactional.id", "partitioner",
    ];

    public string Key => "kafka";

    public string Description => "A Kafka cluster: a log.";

    public Type Store => typeof(ILog);

    public ObjectShape Shape => KafkaShapes.Connection;

    public Connection Bind(Section connection)
    {
        var servers = connection.Texts("bootstrap_servers");
        var security = BindSecurity(connection.Object("security", KafkaShapes.Security));
        if (servers.Count == 0 && !connection.Has("bootstrap_servers"))
        {
            connection.Error(
                "bootstrap_servers", connection.Node.Line, "Nothing says where the brokers are.", "Add `bootstrap_servers: host:9092`.");
        }

        foreach (var entry in connection.Entries("options").Where(e => Reserved.Contains(e.Key)))
        {
            connection.Error(
                $"options.{entry.Key}",
                entry.KeyLine,
                $"Tidemill sets '{entry.Key}' itself.",
                "Remove it; the keys beside `options` say what can be chosen.");
        }

        return new LogConnection
        {
            Type = LogType.Kafka,
            BootstrapServers =
                [.. servers.SelectMany(s => s.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
            Security = security,
            Options = connection.TextMap("options"),
            ReplicationFactor = connection.Has("replication_factor") ? connection.Integer("replication_factor", 1) : null,
        };
    }

    private static KafkaSecurity BindSecurity(Section section)
    {
        var security = new KafkaSecurity
        {
            Sasl = section.Text("sasl")?.Replace("-", "", StringComparison.Ordinal) is { } sasl
                && Enum.TryParse<SaslMechanism>(sasl, ignoreCase: true, out var mechanism) ? mechanism : SaslMechanism.None,
            User = section.Text("user"),
            Password = section.Text("password"),
            Tls = section.Flag("tls", false),
            CaFile = section.Text("ca"),
            CertificateFile = section.Text("certificate"),
            KeyFile = section.Text("key"),
            KeyPassword = section.Text("key_password"),
        };
        Together(section, "sasl", "user", "Name the mechanism: `sasl: scram-sha-512`, scram-sha-256 or plain.", "Add `user:`.");
        Together(section, "user", "password", "Add `user:`.", "Add `password: ${NAME}`.");
        Together(
            section,
            "certificate",
            "key",
            "Add `certificate:`, the PEM file that belongs to the key.",
            "Add `key:`, the PEM file of the private key.");
        return security;
    }

    /// <summary>Of the two keys, both or none.</summary>
    private static void Together(Section section, string first, string second, string addFirst, string addSecond)
    {
        var (hasFirst, hasSecond) = (section.Node.Find(first) is not null, section.Node.Find(second) is not null);
        if (hasFirst && !hasSecond)
            section.Error(first, $"'{first}' has no effect without '{second}'.", addSecond);
        else if (hasSecond && !hasFirst)
            section.Error(second, $"'{second}' has no effect without '{first}'.", addFirst);
    }
}
