using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns tidemill.yaml into records.</summary>
internal static class ProjectBinder
{
    public static TargetDefinition BindTarget(string name, Section target)
    {
        var log = target.Object("log", ProjectShapes.Log);
        return new TargetDefinition
        {
            Name = name,
            Log = KafkaBinder.Bind(log, log.Choice("type", LogType.Embedded)),
            Warehouse = BindWarehouse(target.Object("warehouse", ProjectShapes.Warehouse)),
            Search = BindSearch(target.Object("search", ProjectShapes.Search)),
            Documents = BindDocuments(target.Object("documents", ProjectShapes.Documents)),
            Connections = BindConnections(target),
        };
    }

    private static Dictionary<string, LogConnection> BindConnections(Section target)
    {
        var connections = new Dictionary<string, LogConnection>(StringComparer.Ordinal);
        foreach (var entry in target.Entries("connections"))
        {
            var node = entry.Value as MappingNode ?? new MappingNode(entry.Value.Line, []);
            var section = new Section(node, ProjectShapes.Connection, $"{target.Path}.connections.{entry.Key}", target.Context);
            connections[entry.Key] = KafkaBinder.Bind(section, section.Choice("type", LogType.Kafka));
        }

        return connections;
    }

    public static IReadOnlyList<TopicSpec> BindTopics(Section root)
    {
        var topics = new List<TopicSpec>();
        foreach (var entry in root.Entries("topics"))
        {
            var node = entry.Value as MappingNode ?? new MappingNode(entry.Value.Line, []);
            topics.Add(BindTopic(entry.Key, new Section(node, ProjectShapes.Topic, $"topics.{entry.Key}", root.Context)));
        }

        return topics;
    }

    private static WarehouseConnection BindWarehouse(Section warehouse)
    {
        var defaults = new WarehouseConnection();
        return new WarehouseConnection
        {
            Type = warehouse.Choice("type", defaults.Type),
            Host = warehouse.Text("host") ?? defaults.Host,
            Port = warehouse.Integer("port", defaults.Port),
            User = warehouse.Text("user") ?? defaults.User,
            Password = warehouse.Text("password"),
            Database = warehouse.Text("database") ?? defaults.Database,
            Schema = warehouse.Text("schema") ?? defaults.Schema,
            SslMode = warehouse.Text("ssl_mode") ?? defaults.SslMode,
            MemoryLimit = warehouse.Size("memory_limit") ?? defaults.MemoryLimit,
            Threads = warehouse.Integer("threads", defaults.Threads),
            Files = [.. warehouse.Texts("files").Select(folder => folder.Text)],
        };
    }

    private static SearchConnection BindSearch(Section search)
    {
        var defaults = new SearchConnection();
        var options = search.Object("options", ProjectShapes.SearchOptions);
        var urls = search.Texts("url").Select(url => url.Text.TrimEnd('/')).ToList();
        if (search.Has("api_key") && search.Has("user"))
            search.Error("api_key", "Both a user and an API key are given.", "Keep one of the two.");
        if (search.Has("password") && !search.Has("user"))
            search.Error("password", "There is a password and no user.", "Add `user:`.");

        return new SearchConnection
        {
            Type = search.Choice("type", defaults.Type),
            Urls = urls.Count > 0 ? urls : defaults.Urls,
            User = search.Text("user"),
            Password = search.Text("password"),
            ApiKey = search.Text("api_key"),
            Ca = search.Text("ca"),
            Prefix = search.Text("prefix") ?? "",
            Timeout = options.Duration("timeout") ?? defaults.Timeout,
            BulkBytes = (int)(options.Size("bulk_bytes") ?? defaults.BulkBytes),
            Compress = options.Flag("compress", defaults.Compress),
        };
    }

    private static DocumentsConnection BindDocuments(Section documents)
    {
        var connection = new DocumentsConnection
        {
            Type = documents.Choice("type", DocumentsType.Embedded),
            Uri = documents.Text("uri"),
            Database = documents.Text("database"),
        };
        if (connection is { Type: DocumentsType.MongoDb, Uri: null } && documents.Node.Find("uri") is null)
            documents.Error("uri", "Nothing says where MongoDB is.", "Add `uri: mongodb://HOST:27017`, or `uri: ${MONGODB_URI}`.");

        return connection;
    }

    private static TopicSpec BindTopic(string name, Section topic)
    {
        var defaults = new TopicSpec(name);
        var retention = topic.Object("retention", ProjectShapes.Retention);
        return defaults with
        {
            Partitions = topic.Integer("partitions", defaults.Partitions),
            RetentionTime = retention.Duration("time"),
            RetentionBytes = retention.Size("bytes"),
            MaxRecordBytes = (int)(topic.Size("max_record_bytes") ?? defaults.MaxRecordBytes),
            ReplicationFactor = topic.Has("replication_factor") ? topic.Integer("replication_factor", 1) : null,
            Options = KafkaBinder.Options(topic),
        };
    }
}
