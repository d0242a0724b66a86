namespace Tidemill.Core.Configuration.Shapes;

/// <summary>Shapes that several files use.</summary>
internal static class CommonShapes
{
    /// <summary>Streams, workflows, tasks, sinks and targets.</summary>
    public static readonly TextShape Name = new("^[A-Za-z0-9_-]{1,100}$", "a name of letters, digits, - and _, at most 100");

    /// <summary>Kafka's rule, kept for the embedded log so that a project can move.</summary>
    public static readonly TextShape Topic = new("^[A-Za-z0-9._-]{1,249}$", "a topic name of letters, digits, '.', - and _, at most 249");

    /// <summary>PostgreSQL cuts longer names.</summary>
    public static readonly TextShape Column = new("^[^\"\\x00]{1,63}$", "a column name of at most 63 characters without quotes");

    public static readonly TextShape Table =
        new("^[^\".\\x00]{1,63}(\\.[^\".\\x00]{1,63})?$", "a table name, such as transactions or public.transactions");

    public static readonly TextShape Sql = new("[^ \\t\\r\\n]", "SQL text");

    public static readonly NumberShape Share = new(0, 1, Whole: false);
}

/// <summary>tidemill.yaml.</summary>
internal static class ProjectShapes
{
    public static readonly ObjectShape Log = new(
        new Property("type", new ChoiceShape("embedded"), "Kind of log. embedded: segment files in the data folder.") { Default = "embedded" });

    public static readonly ObjectShape Warehouse = new(
        new Property("type", new ChoiceShape("duckdb", "postgres"), "Kind of warehouse. duckdb: a file in the data folder.") { Default = "duckdb" },
        Postgres("host", new TextShape(), "Server's name or address.", "localhost"),
        Postgres("port", new NumberShape(1, 65535, Whole: true), "Server's TCP port.", "5432"),
        Postgres("user", new TextShape(), "Role to connect as.", "postgres"),
        Postgres("password", new TextShape { Secret = true }, "The role's password; keep it out of the file with ${NAME} or ${file:path}.", null),
        Postgres("database", new TextShape(), "Database to connect to.", "postgres"),
        Postgres("schema", CommonShapes.Column, "Schema of unqualified tables.", "public"),
        Postgres("ssl_mode", new ChoiceShape("disable", "prefer", "require", "verify-ca", "verify-full"), "TLS, as in libpq.", "prefer"),
        new Property("memory_limit", new SizeShape(64_000_000, 1L << 50), "Most memory DuckDB takes before it spills to disk. Streams transform in DuckDB with either warehouse.") { Default = "512MB" },
        new Property("threads", new NumberShape(0, 1024, Whole: true), "DuckDB's threads; 0: one a processor.") { Default = "0" });

    public static readonly ObjectShape Search = new(
        new Property("type", new ChoiceShape("embedded"), "Kind of search store. embedded: a file in the data folder.") { Default = "embedded" });

    public static readonly ObjectShape Target = new(
        new Property("log", Log, "Where topics live."),
        new Property("warehouse", Warehouse, "Where tables live."),
        new Property("search", Search, "Where indexes live."));

    public static readonly ObjectShape Retention = new(
        new Property("time", new DurationShape(TimeSpan.FromSeconds(1)), "Older records may be deleted. Default: kept for ever."),
        new Property("bytes", new SizeShape(1, 1L << 53), "Oldest segments are deleted while a partition holds more. Default: no bound."));

    public static readonly ObjectShape Topic = new(
        new Property("partitions", new NumberShape(1, 10_000, Whole: true), "Parts that are read side by side; cannot shrink.") { Default = "1" },
        new Property("retention", Retention, "How long records are kept."),
        new Property("max_record_bytes", new SizeShape(1, 1 << 30), "Largest record taken: key, value and headers.") { Default = "1MiB" });

    public static readonly ObjectShape Root = new(
        new Property("name", CommonShapes.Name, "The project's name.") { Required = true },
        new Property("default_target", CommonShapes.Name, "Target used without --target.") { Default = "dev" },
        new Property("targets", new MapShape(CommonShapes.Name, Target, MinEntries: 1), "Connections by target. Default: dev, with everything embedded."),
        new Property("topics", new MapShape(CommonShapes.Topic, Topic), "Settings of topics; one that is not listed gets the defaults."));

    private static Property Postgres(string key, Shape shape, string description, string? value) =>
        new(key, shape, description) { Default = value, OnlyWith = ("type", "postgres") };
}
