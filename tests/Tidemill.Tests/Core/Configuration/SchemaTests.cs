using System.Text.Json.Nodes;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Server.Hosting;

namespace Tidemill.Tests.Core.Configuration;

public sealed class SchemaTests
{
    private static readonly string Folder = Path.Combine(RepositoryFiles.Root, "docs", "schemas");

    private static readonly Dictionary<string, string> SchemaOf = new()
    {
        ["tidemill.yaml"] = "tidemill.schema.json",
        ["streams/"] = "stream.schema.json",
        ["workflows/"] = "workflow.schema.json",
        ["dashboards/"] = "dashboard.schema.json",
    };

    public static TheoryData<string> ExampleFiles
    {
        get
        {
            var data = new TheoryData<string>();
            foreach (var project in Directory.GetFiles(
                Path.Combine(RepositoryFiles.Root, "examples"), "tidemill.yaml", SearchOption.AllDirectories))
            {
                var folder = Path.GetDirectoryName(project)!;
                var parts = new[] { "streams", "workflows", "dashboards" }.Select(f => Path.Combine(folder, f)).Where(Directory.Exists);
                foreach (var file in parts.SelectMany(f => Directory.GetFiles(f, "*.yaml")).Append(project))
                    data.Add(Path.GetRelativePath(RepositoryFiles.Root, file).Replace('\\', '/'));
            }

            return data;
        }
    }

    [Fact]
    public void Committed_schemas_are_those_the_binder_checks_by()
    {
        foreach (var (name, text) in ConfigurationSchemas.Write(InstalledKinds.All))
        {
            var file = Path.Combine(Folder, name);
            if (Environment.GetEnvironmentVariable("TIDEMILL_UPDATE_GOLDEN") == "1")
                File.WriteAllText(file, text);

            Assert.Equal(text, File.ReadAllText(file));
        }

        Assert.Equal(
            ConfigurationSchemas.Write(InstalledKinds.All).Keys.Order(), Directory.GetFiles(Folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void Every_key_of_the_shapes_is_read_by_a_binder_and_bound_keys_are_in_the_shapes()
    {
        using var project = EveryKeyProject.Write();
        var bound = new HashSet<(ObjectShape Shape, string Key)>();
        ProjectLoader.Load(project.Path, "prod", InstalledKinds.All, new Dictionary<string, string?>(), bound);

        var known = ConfigurationSchemas.Files(InstalledKinds.All).SelectMany(k => Objects(k.Shape))
            .SelectMany(o => o.Keys.Select(k => (Shape: o, Key: k))).ToHashSet();

        Assert.Empty(known.Except(bound).Select(k => $"{k.Key} of [{string.Join(", ", k.Shape.Keys)}] is never read"));
        Assert.Empty(bound.Except(known).Select(k => k.Key));
    }

    [Fact]
    public void Tables_of_the_guide_are_those_of_the_shapes()
    {
        var file = Path.Combine(RepositoryFiles.Root, "docs", "guides", "configuration.md");
        var guide = File.ReadAllText(file);
        var current = GuideTables.Update(guide, InstalledKinds.All);
        if (Environment.GetEnvironmentVariable("TIDEMILL_UPDATE_GOLDEN") == "1")
            File.WriteAllText(file, current);

        Assert.Equal(current, File.ReadAllText(file));
    }

    [Fact]
    public void Every_key_is_described_in_the_guide()
    {
        var guide = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "docs", "guides", "configuration.md"));
        var keys = ConfigurationSchemas.Files(InstalledKinds.All).SelectMany(k => Objects(k.Shape))
            .SelectMany(o => o.Keys).Distinct();

        Assert.All(keys, k => Assert.Contains($"`{k}`", guide, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(ExampleFiles))]
    public void Example_matches_its_schema_and_names_it_for_editors(string file)
    {
        var full = Path.Combine(RepositoryFiles.Root, file);
        var schemaName = SchemaOf.First(s => file.Contains(s.Key, StringComparison.Ordinal)).Value;

        Assert.Empty(SchemaChecker.Check(Schema(schemaName), YamlAsJson.Read(File.ReadAllText(full))));
        const string Prefix = "# yaml-language-server: $schema=";
        var first = File.ReadLines(full).First();
        Assert.StartsWith(Prefix, first, StringComparison.Ordinal);
        Assert.Equal(
            Path.Combine(Folder, schemaName), Path.GetFullPath(Path.Combine(Path.GetDirectoryName(full)!, first[Prefix.Length..])));
    }

    [Fact]
    public void A_project_that_uses_every_key_matches_the_schemas()
    {
        using var project = EveryKeyProject.Write();
        foreach (var (file, schema) in new[] { ("tidemill.yaml", "tidemill"), ("streams/reader.yaml", "stream"), ("streams/maker.yaml", "stream"), ("workflows/all.yaml", "workflow"), ("dashboards/all.yaml", "dashboard") })
        {
            Assert.Empty(
                SchemaChecker.Check(Schema($"{schema}.schema.json"), YamlAsJson.Read(File.ReadAllText(Path.Combine(project.Path, file)))));
        }
    }

    [Theory]
    [InlineData("tidemill", "name: a\ncolour: red")]
    [InlineData("tidemill", "topics: {}")]
    [InlineData("tidemill", "name: a\ntargets: {dev: {log: {type: pulsar}}}")]
    [InlineData("stream", "source: {topic: a}\nsinks: []")]
    [InlineData("stream", "source: {topic: a}\nsinks: [{warehouse: a, topic: b}]")]
    [InlineData("stream", "source: {topic: a}\nbatch: {max_wait: 5}\nsinks: [{warehouse: a}]")]
    [InlineData("stream", "source: {topic: a}\nbatch: {max_records: 0}\nsinks: [{warehouse: a}]")]
    [InlineData("workflow", "tasks: [{name: a b}]")]
    public void Schema_refuses_what_the_loader_refuses(string schema, string yaml) =>
        Assert.NotEmpty(SchemaChecker.Check(Schema($"{schema}.schema.json"), YamlAsJson.Read(yaml)));

    private static JsonObject Schema(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, name)))!.AsObject();

    private static IEnumerable<ObjectShape> Objects(Shape? shape) => shape switch
    {
        ObjectShape keys => keys.Properties.SelectMany(p => Objects(p.Shape)).Prepend(keys),
        ListShape list => Objects(list.Item),
        MapShape map => Objects(map.Value),
        KindShape kinds => kinds.Kinds.SelectMany(kind => Objects(kind.Keys)),
        EitherShape either => Objects(either.List).Concat(Objects(either.Mapping)),
        _ => [],
    };
}
