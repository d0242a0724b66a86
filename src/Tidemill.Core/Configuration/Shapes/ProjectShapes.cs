namespace Tidemill.Core.Configuration.Shapes;

/// <summary>tidemill.yaml.</summary>
internal static class ProjectShapes
{
    public static readonly ObjectShape Log = new(
    [
        new Property(
            "type",
            new ChoiceShape("embedded", "kafka"),
            "Kind of log. embedded: segment files in the data folder; kafka: a cluster.") { Default = "embedded" },
        .. KafkaShapes.Connection.Select(p => p with { OnlyWith = ("type", "kafka") }),
    ]);

    public static readonly ObjectShape Connection = new(
        [new Property("type", new ChoiceShape("kafka"), "Kind of system.") { Required = true }, .. KafkaShapes.Connection]);

    public static readonly ObjectShape Warehouse = new(
        new Property(
            "type", new ChoiceShape("duckdb", "postgres"), "Kind of warehouse. duckdb: a file in the data folder; postgres: a server.")
        { Default = "duckdb" },
        Postgres("host", new TextShape(), "Server's name or address.", "localhost"),
        Postgres("port", new NumberShape(1, 65535, Whole: true), "Server's TCP port.", "5432"),
        Postgres("user", new TextShape(), "Role to connect as.", "postgres"),
        Postgres(
            "password",
            new TextShape { Secret = true },
            "The role's password; keep it out of the file with ${NAME} or ${file:path}.",
            null),
        Postgres("database", new TextShape(), "Database to connect to.", "postgres"),
        Postgres("schema", CommonShapes.Column, "Schema of unqualified tables.", "public"),
        Postgres("ssl_mode", new ChoiceShape("disable", "prefer", "require", "verify-ca", "verify-full"), "TLS, as in libpq.", "prefer"),
        new Property("memory_limit", new SizeShape(64_000_000, 1L << 50), "Memory that DuckDB keeps to before it spills to disk; "
            + "indexes of keys, which it holds in memory whole, come on top. Streams transform in DuckDB with either "
            + "warehouse.")
        { Default = "512MB" },
        new Property("threads", new NumberShape(0, 1024, Whole: true), "DuckDB's threads; 0: one a processor.") { Default = "0" },
        new Property("files", new ListShape(new TextShape()), "Folders whose files DuckDB's SQL may read and write, in models, tasks "
            + "and queries alike; from the project's folder. Default: none."));

    private static readonly TextShape Url = new("^https?://[^ /?#@]+/?$", "an address such as https://search:9200, without user or path");

    public static readonly ObjectShape SearchOptions = new(
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

    public static readonly ObjectShape Search = new(
        new Property(
            "type",
            new ChoiceShape("embedded", "elasticsearch", "opensearch"),
            "Kind of search store. embedded: a file in the data folder.")
        { Default = "embedded" },
        SearchServer(
            "url",
            new EitherShape(Url, new ListShape(Url, MinItems: 1)),
            "Address of the server, or of several nodes of one cluster.",
            "http://localhost:9200"),
        SearchServer("user", new TextShape(), "User to sign in as. Default: none.", null),
        SearchServer(
            "password",
            new TextShape { Secret = true },
            "The user's password; keep it out of the file with ${NAME} or ${file:path}.",
            null),
        SearchServer(
            "api_key", new TextShape { Secret = true }, "API key, as the server gives it out encoded; instead of user and password.", null),
        SearchServer(
            "ca",
            new TextShape(),
            "PEM file of the authority that signed the server's certificate. Default: those the machine trusts.",
            null),
        SearchServer(
            "prefix",
            new TextShape("^([a-z0-9][a-z0-9._-]{0,99})?$", "lower-case letters, digits, '.', - and _, at most 100"),
            "Put before every index, alias and template name, so that projects and targets can share a server.",
            ""),
        SearchServer("options", SearchOptions, "How requests are made.", null));

    public static readonly ObjectShape Documents = new(
        new Property(
            "type",
            new ChoiceShape("embedded", "mongodb"),
            "Kind of document store. embedded: a file in the data folder.")
        { Default = "embedded" },
        new Property(
            "uri",
            new TextShape("^mongodb(\\+srv)?://.+", "mongodb://HOST:PORT/?OPTIONS or mongodb+srv://HOST/?OPTIONS") { Secret = true },
            "MongoDB's connection string; user, TLS and timeouts are its parts. Keep secrets out of the file with ${NAME} or "
                + "${file:path}.")
        { OnlyWith = ("type", "mongodb") },
        new Property("database", new TextShape("^[^/\\\\. \"$\\x00]{1,63}$", "a database name of at most 63 characters, without /, \\, "
            + "'.', space, quotes and $"), "Database used. Default: the one that the uri names.")
        { OnlyWith = ("type", "mongodb") });

    public static readonly ObjectShape Target = new(
        new Property("log", Log, "Where topics live."),
        new Property("warehouse", Warehouse, "Where tables live."),
        new Property("search", Search, "Where indexes live."),
        new Property("documents", Documents, "Where collections live."),
        new Property(
            "connections", new MapShape(CommonShapes.Name, Connection), "Further Kafka clusters, which sources name by `connection`."));

    public static readonly ObjectShape Retention = new(
        new Property("time", new DurationShape(TimeSpan.FromSeconds(1)), "Older records may be deleted. Default: kept for ever."),
        new Property("bytes", new SizeShape(1, 1L << 53), "Oldest segments are deleted while a partition holds more. Default: no bound."));

    public static readonly ObjectShape Topic = new(
        new Property(
            "partitions", new NumberShape(1, 10_000, Whole: true), "Parts that are read side by side; cannot shrink.")
        { Default = "1" },
        new Property("retention", Retention, "How long records are kept."),
        new Property("max_record_bytes", new SizeShape(1, 1 << 30), "Largest record taken: key, value and headers.") { Default = "1MiB" },
        new Property(
            "replication_factor",
            new NumberShape(1, 100, Whole: true),
            "Brokers that hold each partition; no effect on the embedded log. Default: the connection's."),
        new Property(
            "options",
            new MapShape(KafkaShapes.PropertyName, new TextShape()),
            "Further topic settings by Kafka's names, such as `cleanup.policy: compact`; no effect on the embedded log."));

    public static readonly ObjectShape Root = new(
        new Property("name", CommonShapes.Name, "The project's name.") { Required = true },
        new Property("default_target", CommonShapes.Name, "Target used without --target. Default: the only target, else dev."),
        new Property(
            "targets",
            new MapShape(CommonShapes.Name, Target, MinEntries: 1),
            "Connections by target; what is left out is embedded. Default: dev, with everything embedded."),
        new Property("topics", new MapShape(CommonShapes.Topic, Topic), "Settings of topics; one that is not listed gets the defaults."));

    private static Property Postgres(string key, Shape shape, string description, string? value) =>
        new(key, shape, description) { Default = value, OnlyWith = ("type", "postgres") };

    private static Property SearchServer(string key, Shape shape, string description, string? value) =>
        new(key, shape, description) { Default = value, OnlyWith = ("type", "elasticsearch|opensearch") };
}
