using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.Server.Hosting;
using Tidemill.Tests.Core.Configuration;
using Tidemill.Workflows.Tasks.Index;

namespace Tidemill.Tests.Examples;

/// <summary>
/// The example's Kibana export, as far as it can be checked without Kibana: each line is JSON, objects refer only to each
/// other, and every field is one that the workflow writes, in a place that its type serves.
/// </summary>
public sealed class KibanaDashboardTests
{
    private static readonly List<JsonElement> Lines =
        [.. File.ReadLines(Path.Combine(RepositoryFiles.Root, "examples", "transactions", "kibana", "hourly_metrics.ndjson"))
            .Select(line => JsonDocument.Parse(line).RootElement)];

    private static readonly List<JsonElement> Objects = Lines[..^1];

    private static IndexAction Index => ProjectLoader
        .Load(
            Path.Combine(RepositoryFiles.Root, "examples", "transactions"),
            "dev",
            InstalledKinds.All,
            new Dictionary<string, string?>()).Workflows
        .SelectMany(w => w.Tasks).Select(t => t.Action).OfType<IndexAction>().Single();

    [Fact]
    public void The_export_holds_a_data_view_visualisations_and_a_dashboard()
    {
        Assert.Equal(
            ["dashboard 1", "index-pattern 1", "visualization 4"], Objects.GroupBy(Type).Select(g => $"{g.Key} {g.Count()}").Order());
        Assert.Equal(Objects.Count, Lines[^1].GetProperty("exportedCount").GetInt32());
        Assert.Equal(0, Lines[^1].GetProperty("missingRefCount").GetInt32());
        Assert.All(Objects, o => Assert.Equal("7.17.0", o.GetProperty("coreMigrationVersion").GetString()));
        Assert.Equal(Objects.Count, Objects.Select(o => $"{Type(o)} {Id(o)}").Distinct().Count());
    }

    [Fact]
    public void Every_reference_leads_to_an_object_of_the_export_and_is_used()
    {
        var known = Objects.Select(o => (Type(o), Id(o))).ToHashSet();
        Assert.All(Objects.SelectMany(o => o.GetProperty("references").EnumerateArray()), r => Assert.Contains((Type(r), Id(r)), known));

        var dashboard = Objects.Single(o => Type(o) == "dashboard");
        var names = dashboard.GetProperty("references").EnumerateArray().Select(r => r.GetProperty("name").GetString()).ToList();
        var panels = Text(dashboard, "panelsJSON").EnumerateArray().ToList();
        Assert.Equal(names, panels.Select(p => $"{p.GetProperty("panelIndex").GetString()}:{p.GetProperty("panelRefName").GetString()}"));
        Assert.All(Objects.Where(o => Type(o) == "visualization"), v => Assert.Equal(
            JsonDocument.Parse(
                v.GetProperty("attributes").GetProperty("kibanaSavedObjectMeta").GetProperty("searchSourceJSON").GetString()!).RootElement
                .GetProperty("indexRefName").GetString(),
            Assert.Single(v.GetProperty("references").EnumerateArray()).GetProperty("name").GetString()));
    }

    [Fact]
    public void The_data_view_is_the_workflow_s_index_and_fields_have_types_that_serve()
    {
        var index = Index;
        var view = Objects.Single(o => Type(o) == "index-pattern").GetProperty("attributes");
        Assert.Equal(index.Index, view.GetProperty("title").GetString());
        Assert.Equal("date", index.Mapping[view.GetProperty("timeFieldName").GetString()!]);

        var aggregations = Objects.Where(o => Type(o) == "visualization")
            .SelectMany(v => Text(v, "visState").GetProperty("aggs").EnumerateArray())
            .ToList();
        Assert.NotEmpty(aggregations);
        Assert.All(aggregations, a => Assert.Contains(
            index.Mapping[a.GetProperty("params").GetProperty("field").GetString()!],
            a.GetProperty("type").GetString() == "date_histogram" ? ["date"] : new[] { "integer", "double", "float" }));
    }

    private static string Type(JsonElement value) => value.GetProperty("type").GetString()!;

    private static string Id(JsonElement value) => value.GetProperty("id").GetString()!;

    /// <summary>An attribute that holds JSON as text.</summary>
    private static JsonElement Text(JsonElement value, string attribute) =>
        JsonDocument.Parse(value.GetProperty("attributes").GetProperty(attribute).GetString()!).RootElement;
}
