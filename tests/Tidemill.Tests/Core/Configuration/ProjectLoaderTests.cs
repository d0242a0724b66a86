using Tidemill.Connectors.Generator;
using Tidemill.Connectors.Search.Streams;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.Models.Tasks;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Sinks;
using Tidemill.Workflows.Tasks.Index;
using Tidemill.Workflows.Tasks.Sql;

namespace Tidemill.Tests.Core.Configuration;

public sealed class ProjectLoaderTests
{
    private const string Reader = "source: {topic: t}\ndecode: {fields: {id: uuid}}\nsinks: [warehouse: t]\n";
    private static readonly Dictionary<string, string?> NoVariables = [];

    [Fact]
    public void A_source_is_of_one_kind_and_a_pump_leaves_rows_to_others()
    {
        using var folder = new ProjectFolder().With("tidemill.yaml", "name: a").With("streams/s.yaml", """
            source: {generator: {fields: {id: uuid}}, collection: orders, start: latest}
            sinks: [topic: {name: t, key: id}]
            """);

        var error = Assert.Throws<TidemillException>(() => Load(folder));

        Assert.Equal(
            ["The source is both a generator and a "
                + "collection.", "'start' belongs to topics.", "The records of a collection go to a topic of "
                + "the target's log as they are: 't' takes only a name."],
            error.ConfigErrors.Select(e => e.Problem));
    }

    [Fact]
    public void Smallest_project_gets_an_embedded_dev_target_and_names_from_files()
    {
        using var folder = new ProjectFolder().With("tidemill.yaml", "name: shop").With("streams/orders.yaml", Reader);

        var project = Load(folder);

        Assert.Equal(
            ("dev", WarehouseType.DuckDb, 512_000_000),
            (project.Target.Name, project.Target.Warehouse.Type, project.Target.Warehouse.MemoryLimit));
        var stream = Assert.Single(project.Streams);
        Assert.Equal(("orders", true, new BatchDefinition()), (stream.Name, stream.Enabled, stream.Batch));
        Assert.Equal("t", Assert.IsType<WarehouseSinkDefinition>(Assert.Single(stream.Sinks)).Name);
        Assert.Equal(folder.Path, project.Folder);
    }

    [Fact]
    public void Every_key_arrives_in_its_record()
    {
        using var folder = EveryKeyProject.Write();
        var project = Load(folder, "prod");

        Assert.Equal(
            new WarehouseConnection
            {
                Type = WarehouseType.Postgres,
                Host = "h",
                Port = 1,
                User = "u",
                Password = "p",
                Database =
                "d",
                Schema = "s",
                SslMode = "require",
                MemoryLimit = 1L << 30,
                Threads = 2,
                Files = project.Target.Warehouse.Files
            },
            project.Target.Warehouse);
        Assert.Equal(["data", "/shared"], project.Target.Warehouse.Files);
        Assert.Equal(["events", "plain"], project.Topics.Select(t => t.Name));
        Assert.Equal(
            (3, TimeSpan.FromDays(1), 1_000_000_000L, 512 << 10),
            (project.Topics[0].Partitions, project.Topics[0].RetentionTime, project.Topics[0].RetentionBytes, project.Topics[0].MaxRecordBytes));

        var reader = project.Streams.Single(s => s.Name == "reader");
        Assert.False(reader.Enabled);
        Assert.Equal(
            new TopicSourceDefinition("events", StartPosition.Latest) { Connection = "other", OnOutOfRange = OutOfRangePolicy.Earliest },
            reader.Source);
        Assert.Equal(new BatchDefinition { MaxRecords = 10, MaxBytes = 1 << 20, MaxWait = TimeSpan.FromSeconds(1) }, reader.Batch);
        Assert.Equal(["id"], reader.Deduplicate);
        Assert.Equal((true, "_extra"), (reader.Decode!.Lenient, reader.Decode.ExtraColumn));
        var fields = reader.Decode.Fields.ToDictionary(f => f.Name);
        Assert.True(fields["id"].Required);
        Assert.Equal(["payment", "amount"], fields["amount"].Path);
        Assert.Equal("0.50", fields["amount"].Default);
        Assert.Equal(["meta", "sent.at"], fields["at"].Path);
        Assert.Equal(TimestampFormat.EpochMilliseconds, fields["at"].TimestampFormat);
        Assert.Equal("""["a",{"b":1},null,"2"]""", fields["tags"].Default);
        Assert.Equal(new FieldType(FieldKind.Text), fields["note"].Type);

        var sink = Assert.Single(reader.Sinks.OfType<WarehouseSinkDefinition>());
        Assert.Equal(("main", new TableName("events", "s"), ConflictRule.Merge), (sink.Name, sink.Table, sink.Rule));
        Assert.Equal(MergeOperation.Sum, sink.Merge["amount"]);
        Assert.Equal(new FieldType(FieldKind.Decimal, 20, 2), sink.Columns["amount"]);
        Assert.Equal(["at:False", "note,at:True"], sink.Indexes.Select(i => $"{string.Join(',', i.Columns)}:{i.Unique}"));

        var index = Assert.Single(reader.Sinks.OfType<IndexSinkDefinition>());
        Assert.Equal(new IndexDate("events-", "at", "yyyy.MM", ""), index.Date);
        Assert.Equal(
            ("documents", "at", "gone", false, "events", 2, 0),
            (index.Name, index.Version, index.Delete, index.CreateOnly, index.Template, index.Shards, index.Replicas));
        Assert.Equal(["id"], index.Id);
        Assert.Equal(["events"], index.Aliases);
        Assert.Equal("double", index.Mapping["amount"]);
        Assert.Equal(
            new LifecycleDefinition(
                "events")
            { ReadOnlyAfter = TimeSpan.FromDays(7), DeleteAfter = TimeSpan.FromDays(30), Optional = true },
            index.Lifecycle);
    }

    [Fact]
    public void Search_connection_arrives_in_its_record_and_prints_no_secret()
    {
        using var folder = EveryKeyProject.Write();
        var search = Load(folder, "prod").Target.Search;
        Assert.Equal(["https://a:9200", "https://b:9200"], search.Urls);
        Assert.Equal(
            (SearchType.OpenSearch, "u", "p", "ca.pem", "all-", TimeSpan.FromSeconds(10), 1 << 20, true),
            (search.Type, search.User, search.Password, search.Ca, search.Prefix, search.Timeout, search.BulkBytes, search.Compress));
        Assert.Equal("SearchConnection { Type = OpenSearch, Urls = https://a:9200, https://b:9200, Prefix = all- }", search.ToString());
    }

    [Fact]
    public void Generator_and_workflow_arrive_in_their_records()
    {
        using var folder = EveryKeyProject.Write();
        var project = Load(folder, "prod");

        var generator = Assert.IsType<GeneratorSourceDefinition>(project.Pumps.Single(s => s.Name == "maker").Source);
        Assert.Equal(
            (7, 1.5, 100L, "id", 0.1, TimeSpan.FromMinutes(5), 0.2, 0.3),
            (generator.Seed, generator.Rate, generator.Limit, generator.Key, generator.LateShare, generator.LateBy, generator.DuplicateShare, generator.MalformedShare));
        Assert.Equal(
            [GeneratorKind.Uuid, GeneratorKind.UuidPool, GeneratorKind.Amount, GeneratorKind.Integer, GeneratorKind.Choice, GeneratorKind.Choice, GeneratorKind.Now, GeneratorKind.Sequence],
            generator.Fields.Select(f => f.Kind));
        Assert.Equal(
            (5, 1m, 2m, 3), (generator.Fields[1].Count, generator.Fields[2].Min, generator.Fields[2].Max, generator.Fields[2].Scale));
        Assert.Equal([1, 0.5], generator.Fields[4].Weights);
        Assert.Equal(["x", "y"], generator.Fields[5].Values);

        var workflow = Assert.Single(project.Workflows);
        Assert.Equal((null, "Europe/Berlin"), (workflow.Schedule, workflow.TimeZone));
        Assert.Equal("@daily", Assert.Single(Load(folder, "dev").Workflows).Schedule);
        Assert.Equal(
            (3, TimeSpan.FromMinutes(1), TimeSpan.FromHours(1)),
            (workflow.Tasks[0].Retries, workflow.Tasks[0].RetryDelay, workflow.Tasks[0].Timeout));
        Assert.Equal(["+a"], Assert.IsType<ModelsAction>(workflow.Tasks[0].Action).Select);
        Assert.Equal(["models"], workflow.Tasks[1].DependsOn);
        var index = Assert.IsType<IndexAction>(workflow.Tasks[2].Action);
        Assert.Equal(("x", "id", "keyword"), (index.Index, index.IdColumn, index.Mapping["id"]));
    }

    [Fact]
    public void Sql_knows_the_line_its_first_line_stands_on()
    {
        using var folder = EveryKeyProject.Write();
        var project = Load(folder, "prod");

        var statements = Assert.IsType<SqlAction>(project.Workflows[0].Tasks[1].Action).Statements;
        foreach (var sql in statements.Append(project.Streams.Single(s => s.Name == "reader").Transform!))
        {
            var line = File.ReadAllLines(Path.Combine(folder.Path, sql.File))[sql.Line - 1];
            Assert.Contains(sql.Text.Split('\n')[0], line, StringComparison.Ordinal);
        }

        Assert.Contains(
            "- name: statements",
            File.ReadAllLines(Path.Combine(folder.Path, "workflows/all.yaml"))[project.Workflows[0].Tasks[1].Line - 1],
            StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_files_defaults_and_dollar_signs_are_put_in()
    {
        using var folder = new ProjectFolder()
            .With("secrets/pw", "from file\n")
            .With("tidemill.yaml", """
                name: shop
                targets:
                  dev:
                    warehouse:
                      type: postgres
                      host: "${HOST}.${DOMAIN:-example.org}"
                      user: "${EMPTY:-fallback}"
                      password: "${file:secrets/pw}"
                      database: "a$$b$c$${HOST}"
                      schema: "${file:secrets/none:-here}"
                """);

        var warehouse = Load(folder, null, new() { ["HOST"] = "db", ["EMPTY"] = "" }).Target.Warehouse;

        Assert.Equal(
            ("db.example.org", "fallback", "from file", "a$b$c${HOST}", "here"),
            (warehouse.Host, warehouse.User, warehouse.Password, warehouse.Database, warehouse.Schema));
    }

    [Fact]
    public void Variable_cannot_add_keys_or_lines_to_the_yaml()
    {
        using var folder = new ProjectFolder().With(
            "tidemill.yaml", "name: shop\ntargets: {dev: {warehouse: {type: postgres, user: \"${USER}\"}}}");

        var warehouse = Load(folder, null, new() { ["USER"] = "x\", host: evil, user: \"y\nport: 1" }).Target.Warehouse;

        Assert.Equal("x\", host: evil, user: \"y\nport: 1", warehouse.User);
        Assert.Equal("localhost", warehouse.Host);
    }

    [Theory]
    [InlineData(null, "prod", "prod")]
    [InlineData(null, null, "test")]
    [InlineData("prod", null, "prod")]
    public void Target_is_the_wanted_one_else_the_default_one_else_the_only_one(string? declared, string? wanted, string expected)
    {
        var targets = declared is null && wanted is null ? "targets: {test: {}}" : "targets: {test: {}, prod: {}}";
        using var folder = new ProjectFolder().With(
            "tidemill.yaml", $"name: a\n{targets}\n" + (declared is null ? "" : $"default_target: {declared}"));

        Assert.Equal(expected, Load(folder, wanted).Target.Name);
    }

    [Fact]
    public void Unknown_target_and_missing_folder_are_configuration_errors()
    {
        using var folder = new ProjectFolder().With("tidemill.yaml", "name: a\ntargets:\n  dev: {}\n  prod: {}");

        Assert.Equal(
            "tidemill.yaml:3: targets: There is no target 'prd'. Did you mean 'prod'?",
            Assert.Throws<TidemillException>(() => Load(folder, "prd")).Message);
        var none = Assert.Throws<TidemillException>(
            () => ProjectLoader.Load(Path.Combine(folder.Path, "none"), null, InstalledKinds.All, NoVariables));
        Assert.StartsWith("tidemill.yaml: There is no such file in ", none.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_is_not_utf8_and_hostile_aliases_and_nesting_are_errors()
    {
        var bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + string.Concat(Enumerable.Range(0, 8)
            .Select(i => $"{(char)('b' + i)}: &{(char)('b' + i)} [{string.Join(',', Enumerable.Repeat($"*{(char)('a' + i)}", 10))}]\n"));
        using var folder = new ProjectFolder()
            .With("tidemill.yaml", "name: a").With("streams/bomb.yaml", bomb).With("streams/deep.yaml", "a: " + new string('[', 100_000));
        File.WriteAllBytes(Path.Combine(folder.Path, "streams", "latin.yaml"), [0x6E, 0xFC]);

        var message = Assert.Throws<TidemillException>(() => Load(folder)).Message;

        Assert.Contains(
            "streams/bomb.yaml:5: Not valid YAML: more than 100000 values, counting aliases.", message, StringComparison.Ordinal);
        Assert.Contains("streams/deep.yaml:1: Not valid YAML: nested deeper than 64 levels.", message, StringComparison.Ordinal);
        Assert.Contains("streams/latin.yaml: The file is not UTF-8.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutated_files_load_or_give_configuration_errors_and_nothing_else()
    {
        using var sample = EveryKeyProject.Write();
        var files = new[] { "tidemill.yaml", "streams/reader.yaml", "streams/maker.yaml", "workflows/all.yaml", "dashboards/all.yaml" };
        var texts = files.ToDictionary(f => f, f => File.ReadAllText(Path.Combine(sample.Path, f)));
        var seed = Random.Shared.Next();
        var random = new Random(seed);
        var outcomes = new HashSet<bool>();
        for (var i = 0; i < 300; i++)
        {
            foreach (var (file, text) in texts)
                sample.With(file, random.Next(3) == 0 ? Mutate(text, random) : text);

            try
            {
                Load(sample, "prod");
                outcomes.Add(true);
            }
            catch (TidemillException error) when (error.Code == ErrorCode.ConfigurationInvalid && error.ConfigErrors.Count > 0)
            {
                outcomes.Add(false);
                Assert.All(error.ConfigErrors, e => Assert.True(e.Problem.EndsWith('.') && e.Fix.Length > 0, $"seed {seed}: {e}"));
            }
            catch (Exception error)
            {
                Assert.Fail($"seed {seed}, round {i}: {error}");
            }
        }

        Assert.Equal(2, outcomes.Count);
    }

    [Fact]
    public void Data_folder_lies_in_the_project_or_where_it_is_told()
    {
        using var folder = new ProjectFolder();
        Assert.Equal(Path.Combine(folder.Path, ".tidemill", "warehouse.duckdb"), DataFolder.For(folder.Path).Warehouse);
        Assert.Equal(Path.Combine(folder.Path, "other", "lock"), DataFolder.For("x", Path.Combine(folder.Path, "other")).Lock);
    }

    private static string Mutate(string text, Random random)
    {
        const string Bytes = "{}[]:,-&*!|>'\"%@`#?\t\n ~$<0aé\0";
        var characters = text.ToList();
        for (var edits = random.Next(1, 6); edits > 0; edits--)
        {
            var at = random.Next(characters.Count);
            if (random.Next(2) == 0)
                characters.RemoveAt(at);
            else
                characters.Insert(at, Bytes[random.Next(Bytes.Length)]);
        }

        return new string([.. characters]);
    }

    private static ProjectDefinition Load(ProjectFolder folder, string? target = null, Dictionary<string, string?>? variables = null) =>
        ProjectLoader.Load(folder.Path, target, InstalledKinds.All, variables ?? NoVariables);
}
