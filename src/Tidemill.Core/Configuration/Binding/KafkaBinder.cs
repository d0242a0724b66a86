using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns a Kafka connection into its record and checks that its security is whole.</summary>
internal static class KafkaBinder
{
    /// <summary>Properties on which exactly-once reading and writing rests, or that have keys of their own.</summary>
    private static readonly string[] Reserved =
    [
        "bootstrap.servers", "metadata.broker.list", "security.protocol", "group.id", "enable.auto.commit", "enable.auto.offset.store",
        "auto.offset.reset", "enable.partition.eof", "enable.idempotence", "acks", "request.required.acks", "allow.auto.create.topics",
        "transactional.id", "partitioner",
    ];

    public static LogConnection Bind(Section section, LogType type)
    {
        var servers = section.Texts("bootstrap_servers");
        var security = BindSecurity(section.Object("security", KafkaShapes.Security));
        var options = Options(section);
        var replication = section.Has("replication_factor") ? section.Integer("replication_factor", 1) : (int?)null;
        if (type != LogType.Kafka) return new LogConnection();

        if (servers.Count == 0 && !section.Has("bootstrap_servers"))
        {
            section.Error(
                "bootstrap_servers", section.Node.Line, "Nothing says where the brokers are.", "Add `bootstrap_servers: host:9092`.");
        }

        foreach (var entry in section.Entries("options").Where(e => Reserved.Contains(e.Key)))
        {
            section.Error(
                $"options.{entry.Key}",
                entry.KeyLine,
                $"Tidemill sets '{entry.Key}' itself.",
                "Remove it; the keys beside `options` say what can be chosen.");
        }

        return new LogConnection
        {
            Type = type,
            BootstrapServers =
                [.. servers.SelectMany(s => s.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))],
            Security = security,
            Options = options,
            ReplicationFactor = replication,
        };
    }

    public static IReadOnlyDictionary<string, string> Options(Section section) =>
        section.Entries(
            "options").Where(e => e.Value is ScalarNode).ToDictionary(e => e.Key, e => ((ScalarNode)e.Value).Text, StringComparer.Ordinal);

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
