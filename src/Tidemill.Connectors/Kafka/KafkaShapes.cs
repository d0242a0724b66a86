using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Connectors.Kafka;

/// <summary>The keys of a connection to a Kafka cluster.</summary>
internal static class KafkaShapes
{
    private static readonly TextShape Server = new("^[^,\\s]+:[0-9]{1,5}$", "a broker as host:port");

    private static readonly TextShape Servers =
        new("^[^,\\s]+:[0-9]{1,5}(, ?[^,\\s]+:[0-9]{1,5})*$", "brokers as host:port, joined by commas");

    public static readonly ObjectShape Security = new(
        new Property(
            "sasl", new ChoiceShape("plain", "scram-sha-256", "scram-sha-512"), "How user and password are proven. Default: no user."),
        new Property("user", new TextShape(), "User to connect as."),
        new Property(
            "password", new TextShape { Secret = true }, "The user's password; keep it out of the file with ${NAME} or ${file:path}."),
        new Property("tls", new BooleanShape(), "Encrypt, and check the broker's certificate and name.") { Default = "false" },
        Tls("ca", new TextShape(), "PEM file of the certificates that the broker's must be signed by. Default: the machine's."),
        Tls("certificate", new TextShape(), "PEM file of the client's certificate, for brokers that ask for one."),
        Tls("key", new TextShape(), "PEM file of the client's private key."),
        Tls("key_password", new TextShape { Secret = true }, "Password of the private key."));

    public static readonly ObjectShape Connection = new(
        new Property(
            "bootstrap_servers", new EitherShape(Servers, List: new ListShape(Server, MinItems: 1)), "Brokers to ask first, as host:port."),
        new Property("security", Security, "User, password and certificates. Default: none, not encrypted."),
        new Property(
            "replication_factor",
            new NumberShape(1, 100, Whole: true),
            "Brokers that hold each partition of topics that Tidemill creates. Default: the broker's default."),
        new Property(
            "options", new MapShape(CommonShapes.PropertyName, new TextShape { Secret = true }), "librdkafka properties by name."));

    private static Property Tls(string key, Shape shape, string description) => new(key, shape, description) { OnlyWith = ("tls", "true") };
}
