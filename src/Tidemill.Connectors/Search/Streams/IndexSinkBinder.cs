using System.Text.RegularExpressions;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Streams;

/// <summary>The keys of <c>index:</c> in a stream's sinks, and the record that they become.</summary>
internal static partial class IndexSinkBinder
{
    private static readonly TextShape PlainName = new("^[a-z0-9][a-z0-9._-]{0,200}$", "a name of lower-case letters, digits, '.', - and _");

    public static readonly TextShape Name = new(
        "^[a-z0-9][a-z0-9._-]{0,200}$|^[a-z0-9][a-z0-9._-]{0,150}\\{[^{}:]{1,63}:[yMdH._-]{2,20}\\}[a-z0-9._-]{0,50}$",
        "an index name of lower-case letters, digits, '.', - and _, with a date from a column when wanted, such as "
            + "orders-{created:yyyy.MM}");

    private static readonly ObjectShape LifecycleKeys = new(
        new Property("policy", CommonShapes.Name, "The policy's name on the server. Default: the index's name."),
        new Property(
            "read_only_after",
            new DurationShape(TimeSpan.FromMinutes(1)),
            "Age at which an index takes no more documents and is merged into one segment a shard. Default: never."),
        new Property("delete_after", new DurationShape(TimeSpan.FromMinutes(1)), "Age at which an index is deleted. Default: never."),
        new Property("optional", new BooleanShape(), "A server without lifecycle management is no error.") { Default = "false" });

    public static readonly ObjectShape Keys = new(
        new Property(
            "index",
            Name,
            "Index written; created when there is none. orders-{created:yyyy.MM} gives one a month, by a column.")
        { Required = true },
        new Property("name", CommonShapes.Name, "The sink's name, which its checkpoint is kept under. Default: the index's name."),
        new Property(
            "id",
            new EitherShape(CommonShapes.Column, CommonShapes.Columns),
            "Columns whose text is the document's id. Default: topic, partition and offset, which the rows must then carry."),
        new Property(
            "version",
            CommonShapes.Column,
            "Column that grows with each change of a document, an integer or a time; an older version never replaces a newer one. "
                + "Default: none."),
        new Property("delete", CommonShapes.Column, "Boolean column; true deletes the document."),
        new Property(
            "action", new ChoiceShape("index", "create"), "create: a document that is there already is left alone.")
        { Default = "index" },
        new Property(
            "mapping",
            new MapShape(CommonShapes.Column, CommonShapes.SearchType),
            "Elasticsearch type by column. Default: by the column's type."),
        new Property("aliases", new EitherShape(PlainName, new ListShape(PlainName)), "Other names that the index is found under."),
        new Property(
            "template", PlainName, "Index template on the server. Default: none, or with a date in the name one named after the index."),
        new Property("shards", new NumberShape(1, 1024, Whole: true), "Primary shards. Default: the server's."),
        new Property("replicas", new NumberShape(0, 100, Whole: true), "Copies of each shard. Default: the server's."),
        new Property("lifecycle", LifecycleKeys, "What becomes of an index as it grows old; ILM on Elasticsearch, ISM on OpenSearch."));

    public static IndexSinkDefinition Bind(Section sink, IReadOnlyList<string>? columns)
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

    private static IndexDate? BindDate(string index, Section sink, IReadOnlyList<string>? columns)
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

    private static void CheckColumn(string key, Section sink, IReadOnlyList<string>? columns)
    {
        if (sink.Text(key) is { } column)
            ColumnCheck.Known(column, key, sink.Line(key), columns, sink);
    }

    private static Dictionary<string, string> BindMapping(Section sink, IReadOnlyList<string>? columns)
    {
        var mapping = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in sink.Entries("mapping"))
        {
            ColumnCheck.Known(entry.Key, $"mapping.{entry.Key}", entry.KeyLine, columns, sink);
            if (entry.Value is ScalarNode scalar && !mapping.TryAdd(entry.Key, scalar.Text))
                sink.Error($"mapping.{entry.Key}", entry.KeyLine, $"The column '{entry.Key}' stands here twice.", "Keep one of the two.");
        }

        return mapping;
    }

    private static LifecycleDefinition? BindLifecycle(Section sink, string name)
    {
        if (!sink.Has("lifecycle"))
            return null;

        var lifecycle = sink.Object("lifecycle", LifecycleKeys);
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
