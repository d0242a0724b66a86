using Tidemill.Core.Components;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Configuration;

public enum LogType
{
    Embedded,
    Kafka,
}

/// <summary>Segment files under the data folder by default; everything below the type belongs to Kafka.</summary>
public sealed record LogConnection : Connection
{
    public override Type Store => typeof(ILog);

    public LogType Type { get; init; } = LogType.Embedded;

    /// <summary>Brokers to ask first, as host:port.</summary>
    public IReadOnlyList<string> BootstrapServers { get; init; } = [];

    public KafkaSecurity Security { get; init; } = new();

    /// <summary>librdkafka properties by name, put in last.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    /// <summary>Replicas of topics that do not say themselves. Null: the broker's default.</summary>
    public int? ReplicationFactor { get; init; }

    protected override bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(
            System.Globalization.CultureInfo.InvariantCulture, $"Type = {Type}, BootstrapServers = {string.Join(',', BootstrapServers)}");
        return true;
    }
}

public enum SaslMechanism
{
    None,
    Plain,
    ScramSha256,
    ScramSha512,
}

/// <summary>How to prove who is calling, and who answers. Files are PEM.</summary>
public sealed record KafkaSecurity
{
    public SaslMechanism Sasl { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Default false: bytes go over the network readable.</summary>
    public bool Tls { get; init; }

    /// <summary>Certificates that the broker's must be signed by. Null: the machine's.</summary>
    public string? CaFile { get; init; }

    /// <summary>The client's certificate, for brokers that ask for one.</summary>
    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    public string? KeyPassword { get; init; }

    private bool PrintMembers(System.Text.StringBuilder builder)
    {
        builder.Append(System.Globalization.CultureInfo.InvariantCulture, $"Sasl = {Sasl}, Tls = {Tls}");
        return true;
    }
}
