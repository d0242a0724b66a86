using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Tests.Core.Configuration;

public sealed class ConnectionTests
{
    private const string Connections = """
        name: a
        targets:
          dev:
            connections:
              bus: {type: kafka, bootstrap_servers: "k:9092", security: {sasl: plain, user: u, password: hidden-1}}
              pg: {type: postgres, host: db, schema: raw, password: hidden-2}
              docs: {type: mongodb, uri: "mongodb://u:hidden-3@h:27017", database: d}
              find: {type: opensearch, url: "https://os:9200", api_key: hidden-4}

        """;

    [Fact]
    public void Slots_are_filled_by_name()
    {
        var target = Load("    log: bus\n    warehouse: pg\n    search: find\n    documents: docs\n");

        Assert.Same(target.Connections["bus"], target.Log);
        Assert.Equal((LogType.Kafka, "k:9092", "hidden-1"), (target.Log.Type, target.Log.BootstrapServers[0], target.Log.Security.Password));
        Assert.Equal(
            (WarehouseType.Postgres, "db", "raw", "hidden-2"),
            (target.Warehouse.Type, target.Warehouse.Host, target.Warehouse.Schema, target.Warehouse.Password));
        Assert.Equal((SearchType.OpenSearch, "https://os:9200"), (target.Search.Type, target.Search.Urls[0]));
        Assert.Equal((DocumentsType.MongoDb, "d"), (target.Documents.Type, target.Documents.Database));
    }

    [Fact]
    public void Keys_beside_the_name_stand_in_for_those_of_the_connection()
    {
        var target = Load(
            "    warehouse: {connection: pg, schema: mart, threads: 2, memory_limit: 1GB}\n    documents: {connection: docs, database: e}\n");

        Assert.Equal(
            ("db", "mart", "hidden-2", 2, 1_000_000_000L),
            (target.Warehouse.Host, target.Warehouse.Schema, target.Warehouse.Password, target.Warehouse.Threads,
                target.Warehouse.MemoryLimit));
        Assert.Equal("raw", ((WarehouseConnection)target.Connections["pg"]).Schema);
        Assert.Equal("e", target.Documents.Database);
    }

    [Fact]
    public void Unnamed_slots_stay_embedded_and_nothing_prints_a_secret()
    {
        var target = Load("");

        Assert.Equal((LogType.Embedded, WarehouseType.DuckDb), (target.Log.Type, target.Warehouse.Type));
        Assert.Equal(["bus", "pg", "docs", "find"], target.Connections.Values.Select(c => c.Name));
        Assert.DoesNotContain("hidden", target + string.Join(' ', target.Connections.Values), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("log: pg", 9, "log.connection", "The connection 'pg' is of type postgres, which is no log. Name a connection of type kafka.")]
    [InlineData("warehouse: pq", 9, "warehouse.connection", "The target has no connection 'pq'. Did you mean 'pg'?")]
    [InlineData(
        "search: {connection: find, type: opensearch}", 9, "search.type",
        "'type' is that of the connection. Remove `type`, or `connection`.")]
    [InlineData(
        "warehouse: {schema: x}", 9, "warehouse.schema",
        "'schema' has no effect without `type: postgres`. Add `type: postgres`, or remove 'schema'.")]
    [InlineData(
        "  more: {type: kafak, bootstrap_servers: \"k:1\"}", 9, "connections.more.type", "'kafak' is not accepted. Did you mean 'kafka'?")]
    [InlineData(
        "  more: {bootstrap_servers: \"k:1\"}", 9, "connections.more.type",
        "The key 'type' is missing. Add `type:`, one of kafka, postgres, mongodb, elasticsearch, opensearch.")]
    [InlineData(
        "  more: {type: postgres, url: x}", 9, "connections.more.url",
        "Unknown key 'url'. Known keys: type, host, port, user, password, database, schema, ssl_mode.")]
    public void What_cannot_be_used_is_an_error_with_place_and_fix(string yaml, int line, string path, string message)
    {
        var error = Assert.Throws<TidemillException>(() => Load($"    {yaml}\n"));

        Assert.Equal($"tidemill.yaml:{line}: targets.dev.{path}: {message}", error.Message);
    }

    [Fact]
    public void A_source_cannot_read_a_connection_that_is_no_log()
    {
        var error = Assert.Throws<TidemillException>(() => Load(
            "", "source: {topic: t, connection: pg}\ndecode: {fields: {a: text}}\nsinks: [{warehouse: t}]"));

        Assert.Equal(
            "streams/s.yaml: source.connection: The connection 'pg' is of another type than kafka. Name a connection of type kafka.",
            error.Message);
    }

    private static TargetDefinition Load(string yaml, string? stream = null)
    {
        using var folder = new ProjectFolder().With("tidemill.yaml", Connections.TrimEnd() + "\n" + yaml);
        if (stream is not null)
            folder.With("streams/s.yaml", stream);

        return ProjectLoader.Load(folder.Path, null, InstalledKinds.All, new Dictionary<string, string?>()).Target;
    }
}
