using System.Globalization;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka;

/// <summary>
/// A connection as librdkafka's properties (its CONFIGURATION.md). The user's options come last among those that may be
/// chosen; what exactly-once rests on cannot be: configuration refuses it.
/// </summary>
internal sealed class KafkaProperties
{
    private readonly Dictionary<string, string> _shared = new(StringComparer.Ordinal)
    {
        ["client.id"] = "tidemill",
        ["socket.keepalive.enable"] = "true",
        // Brokers that come back are found within two seconds; librdkafka would wait up to ten.
        ["reconnect.backoff.max.ms"] = "2000",
        ["topic.metadata.refresh.interval.ms"] = "30000",
        // A topic deleted under its readers is reported after so long.
        ["topic.metadata.propagation.max.ms"] = "5000",
        ["receive.message.max.bytes"] = "2147483647",
    };

    private readonly IReadOnlyDictionary<string, string> _options;

    /// <exception cref="TidemillException">ConfigurationInvalid when a named file does not exist.</exception>
    public KafkaProperties(LogConnection connection, string folder)
    {
        _options = connection.Options;
        var security = connection.Security;
        _shared["bootstrap.servers"] = string.Join(',', connection.BootstrapServers);
        _shared["security.protocol"] = (security.Sasl, security.Tls) switch
        {
            (SaslMechanism.None, false) => "plaintext",
            (SaslMechanism.None, true) => "ssl",
            (_, false) => "sasl_plaintext",
            (_, true) => "sasl_ssl",
        };
        if (security.Sasl != SaslMechanism.None)
        {
            _shared["sasl.mechanisms"] = Mechanism(security.Sasl);
            _shared["sasl.username"] = security.User ?? "";
            _shared["sasl.password"] = security.Password ?? "";
        }

        AddFile("ssl.ca.location", "ca", security.CaFile, folder);
        AddFile("ssl.certificate.location", "certificate", security.CertificateFile, folder);
        AddFile("ssl.key.location", "key", security.KeyFile, folder);
        if (security.KeyPassword is { } password) _shared["ssl.key.password"] = password;
    }

    /// <summary>For topic administration and look-ups.</summary>
    public Dictionary<string, string> Admin() => With([]);

    public Dictionary<string, string> Producer(Acknowledgement acknowledgement, int batchBytes)
    {
        var properties = With(new()
        {
            ["compression.type"] = "lz4",
            ["linger.ms"] = "5",
            ["batch.size"] = batchBytes.ToString(CultureInfo.InvariantCulture),
            ["batch.num.messages"] = "100000",
            ["message.max.bytes"] = "1000000000",
            // Bounds the memory of records under way.
            ["queue.buffering.max.kbytes"] = "131072",
            ["message.timeout.ms"] = "30000",
        });
        properties["partitioner"] = "murmur2_random";
        if (acknowledgement == Acknowledgement.Durable)
        {
            properties["enable.idempotence"] = "true";
        }
        else
        {
            // Without idempotence, only one request under way keeps the order over retries.
            properties["acks"] = "1";
            properties["max.in.flight.requests.per.connection"] = "1";
        }

        return properties;
    }

    /// <summary>
    /// For one transactional id. Brokers abort a transaction that nobody finished after transaction.timeout.ms; a partition's
    /// next owner does so at once.
    /// </summary>
    public Dictionary<string, string> Transactional(string id, int batchBytes)
    {
        var properties = Producer(Acknowledgement.Durable, batchBytes);
        // librdkafka wants it at least as long as a record may take.
        properties.TryAdd("transaction.timeout.ms", properties["message.timeout.ms"]);
        properties["transactional.id"] = id;
        properties["acks"] = "all";
        // A commit fails when one of its records did: nobody needs to hear of each.
        properties["dotnet.producer.enable.delivery.reports"] = "false";
        return properties;
    }

    public Dictionary<string, string> Consumer(string group)
    {
        var properties = With(new()
        {
            ["partition.assignment.strategy"] = "cooperative-sticky",
            ["isolation.level"] = "read_committed",
            // Heartbeats come from a thread of their own: ten seconds without one, and the partitions of a killed worker move.
            ["session.timeout.ms"] = "10000",
            ["fetch.wait.max.ms"] = "500",
            // A full queue is looked at again after 10 ms, not after a second: reading follows writing closely.
            ["fetch.queue.backoff.ms"] = "10",
            ["queued.max.messages.kbytes"] = "65536",
        });
        properties["group.id"] = group;
        properties["enable.auto.commit"] = "false";
        properties["enable.auto.offset.store"] = "false";
        properties["auto.offset.reset"] = "error";
        properties["enable.partition.eof"] = "true";
        properties["allow.auto.create.topics"] = "false";
        return properties;
    }

    private Dictionary<string, string> With(Dictionary<string, string> defaults)
    {
        var properties = new Dictionary<string, string>(_shared, StringComparer.Ordinal);
        foreach (var (name, value) in defaults.Concat(_options)) properties[name] = value;
        return properties;
    }

    private void AddFile(string property, string key, string? path, string folder)
    {
        if (path is null) return;
        string full = Path.GetFullPath(path, folder);
        if (!File.Exists(full))
        {
            throw new TidemillException(
                ErrorCode.ConfigurationInvalid, $"The file that the Kafka connection's security.{key} names does not exist: {full}.");
        }

        _shared[property] = full;
    }

    private static string Mechanism(SaslMechanism mechanism) => mechanism switch
    {
        SaslMechanism.Plain => "PLAIN",
        SaslMechanism.ScramSha256 => "SCRAM-SHA-256",
        _ => "SCRAM-SHA-512",
    };
}
