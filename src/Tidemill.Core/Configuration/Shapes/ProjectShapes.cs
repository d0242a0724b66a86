using Tidemill.Core.Components;
using Tidemill.Core.Documents;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>tidemill.yaml, with the kinds of connections that are installed.</summary>
internal sealed class ProjectShapes
{
    public const string ConnectionKey = "connection";

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
            new MapShape(CommonShapes.PropertyName, new TextShape()),
            "Further topic settings by Kafka's names, such as `cleanup.policy: compact`; no effect on the embedded log."));

    private static readonly Property[] Engine =
    [
        new Property("memory_limit", new SizeShape(64_000_000, 1L << 50), "Memory that DuckDB keeps to before it spills to disk; "
            + "indexes of keys, which it holds in memory whole, come on top. Streams transform in DuckDB with either "
            + "warehouse.")
        { Default = "512MB" },
        new Property("threads", new NumberShape(0, 1024, Whole: true), "DuckDB's threads; 0: one a processor.") { Default = "0" },
        new Property("files", new ListShape(new TextShape()), "Folders whose files DuckDB's SQL may read and write, in models, tasks "
            + "and queries alike; from the project's folder. Default: none."),
    ];

    public ProjectShapes(ComponentKinds kinds)
    {
        Log = new Slot(
            kinds, "log", typeof(ILog), "embedded", "Kind of log. embedded: segment files in the data folder; kafka: a cluster.", []);
        Warehouse = new Slot(
            kinds, "warehouse", typeof(IWarehouse), "duckdb",
            "Kind of warehouse. duckdb: a file in the data folder; postgres: a server.", Engine);
        Search = new Slot(
            kinds, "search", typeof(ISearchStore), "embedded", "Kind of search store. embedded: a file in the data folder.", []);
        Documents = new Slot(
            kinds, "documents", typeof(IDocumentStore), "embedded", "Kind of document store. embedded: a file in the data folder.", []);
        Connections = new KindShape([.. kinds.Connections.Select(kind => (kind.Key, kind.Description, Entry(kind)))]);
        Target = new ObjectShape(
            new Property("log", Log.Shape, "Where topics live: keys, or the name of a connection."),
            new Property("warehouse", Warehouse.Shape, "Where tables live: keys, or the name of a connection."),
            new Property("search", Search.Shape, "Where indexes live: keys, or the name of a connection."),
            new Property("documents", Documents.Shape, "Where collections live: keys, or the name of a connection."),
            new Property(
                "connections", new MapShape(CommonShapes.Name, Connections),
                "Servers by name, which the keys above, sources and sinks name."));
        Root = new ObjectShape(
            new Property("name", CommonShapes.Name, "The project's name.") { Required = true },
            new Property("default_target", CommonShapes.Name, "Target used without --target. Default: the only target, else dev."),
            new Property(
                "targets",
                new MapShape(CommonShapes.Name, Target, MinEntries: 1),
                "Connections by target; what is left out is embedded. Default: dev, with everything embedded."),
            new Property(
                "topics", new MapShape(CommonShapes.Topic, Topic), "Settings of topics; one that is not listed gets the defaults."));
    }

    public Slot Log { get; }

    public Slot Warehouse { get; }

    public Slot Search { get; }

    public Slot Documents { get; }

    public KindShape Connections { get; }

    public ObjectShape Target { get; }

    public ObjectShape Root { get; }

    private static ObjectShape Entry(IConnectionKind kind) => new(
        [new Property(KindShape.TypeKey, new ChoiceShape(kind.Key), "Kind of system.") { Required = true }, .. kind.Shape.Properties]);
}
