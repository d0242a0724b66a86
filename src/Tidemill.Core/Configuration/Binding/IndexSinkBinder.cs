using System.Text.RegularExpressions;
using Tidemill.Core.Configuration.Shapes;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns the <c>index:</c> of a sink into its record.</summary>
internal static partial class IndexSinkBinder
{
    public static IndexSinkDefinition Bind(Section sink, List<string>? columns)
    {
        var index = sink.Text("index") ?? "";
        var date = BindDate(index, sink, columns);
        var name = date is null ? index : $"{date.Head}{date.Tail}".TrimEnd('-', '_', '.');
        var id = sink.Texts("id");
        ColumnCheck.Names(id, "id", columns, sink);
        foreach (var key in new[] { "version", "delete" })
            CheckColumn(key, sink, columns);

        var result = new IndexSinkDefinition(sink.Text("name") ?? name, index)
        {
            Date = date,
            Id = [.. id.Select(i => i.Text)],
            Version = sink.Text("version"),
            Delete = sink.Text("delete"),
            CreateOnly = sink.Text("action") == "create",
            Mapping = BindMapping(sink, columns),
            Aliases = [.. sink.Texts("aliases").Select(a => a.Text)],
            Template = sink.Text("template"),
            Shards = sink.Has("shards") ? sink.Integer("shards", 0) : null,
            Replicas = sink.Has("replicas") ? sink.Integer("replicas", 0) : null,
            Lifecycle = BindLifecycle(sink, name),
        };
        Check(result, sink);
        return result;
    }

    private static IndexDate? BindDate(string index, Section sink, List<string>? columns)
    {
        var match = Dated().Match(index);
        if (!match.Success)
            return null;

        var date = new IndexDate(
            match.Groups["head"].Value, match.Groups["column"].Value, match.Groups["format"].Value, match.Groups["tail"].Value);
        if (!DateFormat().IsMatch(date.Format))
        {
            sink.Error(
                "index", $"'{date.Format}' is no date format here.", "Write yyyy, MM, dd and HH from the largest on, such as yyyy.MM.dd.");
        }

        ColumnCheck.Known(date.Column, "index", sink.Line("index"), columns, sink);
        return date;
    }

    private static void CheckColumn(string key, Section sink, List<string>? columns)
    {
        if (sink.Text(key) is { } column)
            ColumnCheck.Known(column, key, sink.Line(key), columns, sink);
    }

    private static Dictionary<string, string> BindMapping(Section sink, List<string>? columns)
    {
        var mapping = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in sink.Entries("mapping"))
        {
            ColumnCheck.Known(entry.Key, $"mapping.{entry.Key}", entry.KeyLine, columns, sink);
            if (entry.Value is Yaml.ScalarNode scalar && !mapping.TryAdd(entry.Key, scalar.Text))
                sink.Error($"mapping.{entry.Key}", entry.KeyLine, $"The column '{entry.Key}' stands here twice.", "Keep one of the two.");
        }

        return mapping;
    }

    private static LifecycleDefinition? BindLifecycle(Section sink, string name)
    {
        if (!sink.Has("lifecycle"))
            return null;

        var lifecycle = sink.Object("lifecycle", StreamShapes.Lifecycle);
        var result = new LifecycleDefinition(lifecycle.Text("policy") ?? name)
        {
            ReadOnlyAfter = lifecycle.Duration("read_only_after"),
            DeleteAfter = lifecycle.Duration("delete_after"),
            Optional = lifecycle.Flag("optional", false),
        };
        if (result is { ReadOnlyAfter: null, DeleteAfter: null })
            lifecycle.Error("", lifecycle.Node.Line, "The lifecycle says nothing.", "Add read_only_after or delete_after.");

        return result;
    }

    private static void Check(IndexSinkDefinition result, Section sink)
    {
        if (result.CreateOnly && result.Version is not null)
            sink.Error("version", "A document that is only created has no versions.", "Remove 'version', or `action: create`.");

        if (result.CreateOnly && result.Delete is not null)
            sink.Error("delete", "A document that is only created is never deleted.", "Remove 'delete', or `action: create`.");

        if (result.Id.Count == 0 && result.Version is not null)
        {
            sink.Error(
                "version", "A document whose id is a record's position has one version.", "Add `id: [COLUMN, ...]`, or remove 'version'.");
        }
    }

    [GeneratedRegex(
        @"^(?<head>[^{}]+)\{(?<column>[^{}:]+):(?<format>[^{}]+)\}(?<tail>[^{}]*)\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Dated();

    [GeneratedRegex(@"^yyyy([._-]?MM([._-]?dd([._-]?HH)?)?)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex DateFormat();
}
