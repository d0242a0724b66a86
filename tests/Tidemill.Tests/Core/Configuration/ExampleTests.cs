using Tidemill.Connectors.Generator;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Tests.Core.Configuration;

public sealed class ExampleTests
{
    private static readonly Dictionary<string, string?> Servers = new()
    {
        ["KAFKA_BOOTSTRAP_SERVERS"] = "k1:9092,k2:9092",
        ["POSTGRES_USER"] = "u",
        ["POSTGRES_PASSWORD"] = "very-secret",
        ["POSTGRES_DB"] = "d",
        ["POSTGRES_PORT"] = "6543",
    };

    [Fact]
    public void Transactions_example_loads_under_dev_without_any_variable()
    {
        var project = ProjectLoader.Load(RepositoryFiles.Transactions, target: null, InstalledKinds.All, new Dictionary<string, string?>());

        Assert.Equal("transactions", project.Name);
        Assert.Equal("dev", project.Target.Name);
        Assert.Equal(["dev", "prod"], project.TargetNames);
        Assert.Equal(WarehouseType.DuckDb, project.Target.Warehouse.Type);
        var topic = Assert.Single(project.Topics);
        Assert.Equal(
            (2, TimeSpan.FromDays(7), 10_000_000_000L, 1 << 20),
            (topic.Partitions, topic.RetentionTime, topic.RetentionBytes, topic.MaxRecordBytes));
        Assert.Equal(["generator", "hourly_metrics_live", "transactions"], project.Flows.Select(s => s.Name));
        Assert.Equal("* * * * *", Assert.Single(project.Workflows).Schedule);
    }

    [Fact]
    public void Transactions_example_under_prod_takes_the_servers_variables()
    {
        var project = ProjectLoader.Load(RepositoryFiles.Transactions, "prod", InstalledKinds.All, Servers);
        Assert.Equal((LogType.Kafka, "k1:9092 k2:9092"), (project.Target.Log.Type, string.Join(' ', project.Target.Log.BootstrapServers)));
        var warehouse = project.Target.Warehouse;
        Assert.Equal(
            (WarehouseType.Postgres, "localhost", 6543, "u", "very-secret", "d"),
            (warehouse.Type, warehouse.Host, warehouse.Port, warehouse.User, warehouse.Password, warehouse.Database));
        Assert.Equal("@hourly", Assert.Single(project.Workflows).Schedule);
        Assert.DoesNotContain("very-secret", project.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("very-secret", project.Target.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Transactions_stream_of_the_example_is_what_the_issue_asks_for()
    {
        var project = ProjectLoader.Load(RepositoryFiles.Transactions, "dev", InstalledKinds.All, new Dictionary<string, string?>());

        var stream = project.Streams.Single(s => s.Name == "transactions");
        Assert.Equal("streams/transactions.yaml", stream.File);
        Assert.Equal(new TopicSourceDefinition("transactions"), stream.Source);
        Assert.Equal(new FieldType(FieldKind.Decimal, 18, 2), stream.Decode!.Fields.Single(f => f.Name == "amount").Type);
        var lines = File.ReadAllLines(Path.Combine(RepositoryFiles.Transactions, stream.Transform!.File));
        Assert.StartsWith("SELECT", lines[stream.Transform.Line - 1].Trim(), StringComparison.Ordinal);
        var sink = Assert.IsType<WarehouseSinkDefinition>(Assert.Single(stream.Sinks));
        Assert.Equal((new TableName("transactions"), ConflictRule.Ignore), (sink.Table, sink.Rule));

        var live = Assert.IsType<WarehouseSinkDefinition>(project.Streams.Single(s => s.Name == "hourly_metrics_live").Sinks[0]);
        Assert.Equal(MergeOperation.Max, live.Merge["last_updated"]);
        var generator = Assert.IsType<GeneratorSourceDefinition>(project.Pumps.Single(s => s.Name == "generator").Source);
        Assert.Equal((100, 0.05, 0.01, 0.005), (generator.Rate, generator.LateShare, generator.DuplicateShare, generator.MalformedShare));
    }

    [Fact]
    public void Missing_variables_of_the_chosen_target_are_named_and_those_of_others_are_not()
    {
        var error = Assert.Throws<TidemillException>(
            () => ProjectLoader.Load(RepositoryFiles.Transactions, "prod", InstalledKinds.All, new Dictionary<string, string?>()));

        Assert.Equal(
            ["KAFKA_BOOTSTRAP_SERVERS", "POSTGRES_USER", "POSTGRES_PASSWORD", "POSTGRES_DB"],
            error.ConfigErrors.Select(e => e.Problem.Split(' ')[3]));
    }
}
