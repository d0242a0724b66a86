using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Connectors.Search.Elasticsearch;

/// <summary>The keys of a connection to a search cluster.</summary>
internal static class SearchShapes
{
    public static readonly ObjectShape Options = new(
        new Property(
            "timeout",
            new DurationShape(TimeSpan.FromMilliseconds(100)),
            "A request that takes longer is given up and tried again.")
        { Default = "60s" },
        new Property(
            "bulk_bytes",
            new SizeShape(1024, 1L << 30),
            "Documents are sent in requests of about this size; never more than the server takes.")
        { Default = "8MiB" },
        new Property(
            "compress", new BooleanShape(), "Send requests compressed with gzip: less network, more processor.")
        { Default = "false" });

    private static readonly TextShape Url = new("^https?://[^ /?#@]+/?$", "an address such as https://search:9200, without user or path");

    public static readonly ObjectShape Connection = new(
        Of(
            "url",
            new EitherShape(Url, new ListShape(Url, MinItems: 1)),
            "Address of the server, or of several nodes of one cluster.",
            "http://localhost:9200"),
        Of("user", new TextShape(), "User to sign in as. Default: none.", null),
        Of(
            "password",
            new TextShape { Secret = true },
            "The user's password; keep it out of the file with ${NAME} or ${file:path}.",
            null),
        Of(
            "api_key", new TextShape { Secret = true }, "API key, as the server gives it out encoded; instead of user and password.", null),
        Of(
            "ca",
            new TextShape(),
            "PEM file of the authority that signed the server's certificate. Default: those the machine trusts.",
            null),
        Of(
            "prefix",
            new TextShape("^([a-z0-9][a-z0-9._-]{0,99})?$", "lower-case letters, digits, '.', - and _, at most 100"),
            "Put before every index, alias and template name, so that projects and targets can share a server.",
            ""),
        Of("options", Options, "How requests are made.", null));

    private static Property Of(string key, Shape shape, string description, string? value) =>
        new(key, shape, description) { Default = value };
}
