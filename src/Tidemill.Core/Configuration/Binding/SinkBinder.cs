using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Documents;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns one entry of <c>sinks</c> into its record.</summary>
internal static class SinkBinder
{
    private static readonly string[] SystemNames =
        [SystemTables.Checkpoints, SystemTables.DeadLetters, SystemTables.SchemaChanges, SystemTables.PipelineExecutions, SystemTables.TaskExecutions];

    /// <param name="sink">The entry.</param>
    /// <param name="columns">Columns that reach the sink; null: not known before the SQL is planned.</param>
    public static IEnumerable<SinkDefinition> Bind(Section sink, List<string>? columns)
    {
        if (sink.Value("warehouse") is { } warehouse)
        {
            var node = AsMapping(warehouse, "table");
            yield return BindWarehouse(new Section(node, StreamShapes.WarehouseSink, $"{sink.Path}.warehouse", sink.Context), columns);
        }

        if (sink.Value("index") is { } index)
        {
            yield return IndexSinkBinder.Bind(
                new Section(AsMapping(index, "index"), StreamShapes.IndexSink, $"{sink.Path}.index", sink.Context), columns);
        }

        if (sink.Value("collection") is { } collection)
        {
            yield return BindCollection(
                new Section(AsMapping(collection, "collection"), StreamShapes.CollectionSink, $"{sink.Path}.collection", sink.Context),
                columns);
        }

        if (sink.Value("topic") is { } topic)
        {
            yield return TopicSinkBinder.Bind(
                new Section(AsMapping(topic, "name"), StreamShapes.TopicSink, $"{sink.Path}.topic", sink.Context), columns);
        }
    }

    /// <summary>The short form <c>warehouse: transactions</c> as the mapping it stands for.</summary>
    internal static MappingNode AsMapping(ConfigNode node, string key) =>
        node as MappingNode ?? new MappingNode(node.Line, [new MappingEntry(key, node.Line, node)]);

    private static WarehouseSinkDefinition BindWarehouse(Section sink, List<string>? columns)
    {
        var table = BindTable(sink);
        var key = sink.Texts("key");
        ColumnCheck.Names(key, "key", columns, sink);
        var types = sink.Types("columns");
        foreach (var entry in sink.Entries("columns"))
            ColumnCheck.Known(entry.Key, $"columns.{entry.Key}", entry.KeyLine, columns, sink);

        var result = new WarehouseSinkDefinition(sink.Text("name") ?? table.ToString(), table)
        {
            Rule = sink.Choice("on_conflict", ConflictRule.Append),
            Key = [.. key.Select(k => k.Text)],
            Merge = BindMerge(sink, columns),
            Columns = types,
            Indexes = BindIndexes(sink, columns),
        };
        CheckRule(result, sink, columns);
        return result;
    }

    private static CollectionSinkDefinition BindCollection(Section sink, List<string>? columns)
    {
        var collection = sink.Text("collection") ?? "";
        var id = sink.Texts("id");
        ColumnCheck.Names(id, "id", columns, sink);
        if (collection == DocumentCollections.Checkpoints || collection.StartsWith("system.", StringComparison.Ordinal))
        {
            sink.Error(
                "collection", $"The collection '{collection}' is kept by Tidemill or the server for itself.", "Choose another collection.");
        }

        return new CollectionSinkDefinition(sink.Text("name") ?? collection, collection)
        {
            Id = [.. id.Select(column => column.Text)],
            Order = sink.Choice("order", BulkOrder.Ordered),
        };
    }

    private static TableName BindTable(Section sink)
    {
        var text = sink.Text("table");
        if (string.IsNullOrWhiteSpace(text))
            return new TableName("");

        var table = TableName.Parse(text);
        if (SystemNames.Contains(table.Name, StringComparer.OrdinalIgnoreCase))
            sink.Error("table", $"Tidemill keeps the table '{table.Name}' for itself.", "Choose another table.");

        return table;
    }

    private static Dictionary<string, MergeOperation> BindMerge(Section sink, List<string>? columns)
    {
        var merge = new Dictionary<string, MergeOperation>(StringComparer.OrdinalIgnoreCase);
        foreach (var entry in sink.Entries("merge"))
        {
            ColumnCheck.Known(entry.Key, $"merge.{entry.Key}", entry.KeyLine, columns, sink);
            if (entry.Value is ScalarNode scalar
                && Enum.TryParse<MergeOperation>(scalar.Text, ignoreCase: true, out var operation)
                && !merge.TryAdd(entry.Key, operation))
            {
                sink.Error($"merge.{entry.Key}", entry.KeyLine, $"The column '{entry.Key}' stands here twice.", "Keep one of the two.");
            }
        }

        return merge;
    }

    private static List<IndexSpec> BindIndexes(Section sink, List<string>? columns)
    {
        var indexes = new List<IndexSpec>();
        var items = sink.Items("indexes");
        for (var i = 0; i < items.Count; i++)
        {
            var node = items[i] as MappingNode ?? new MappingNode(items[i].Line, [new MappingEntry("columns", items[i].Line, items[i])]);
            var index = new Section(node, StreamShapes.Index, $"{sink.Path}.indexes[{i}]", sink.Context);
            var names = index.Texts("columns");
            ColumnCheck.Names(names, "columns", columns, index);
            indexes.Add(new IndexSpec([.. names.Select(n => n.Text)], index.Flag("unique", false)));
        }

        return indexes;
    }

    private static void CheckRule(WarehouseSinkDefinition result, Section sink, List<string>? columns)
    {
        var rule = sink.Text("on_conflict");
        if (result.Rule != ConflictRule.Append && result.Key.Count == 0 && sink.Node.Find("key") is null)
        {
            sink.Error(
                "key",
                sink.Line("on_conflict"),
                $"`on_conflict: {rule}` needs to know which rows are the same.",
                "Add `key: [COLUMN, ...]`.");
        }

        if (result.Rule == ConflictRule.Merge)
            CheckMerge(result, sink, columns);
    }

    private static void CheckMerge(WarehouseSinkDefinition result, Section sink, List<string>? columns)
    {
        if (sink.Node.Find("merge") is null)
        {
            sink.Error(
                "merge",
                sink.Line("on_conflict"),
                "Nothing says how columns combine with the stored row's.",
                "Add `merge: {COLUMN: sum|min|max|last|first, ...}`.");
            return;
        }

        foreach (var column in result.Key.Where(result.Merge.ContainsKey))
        {
            sink.Error(
                $"merge.{column}",
                sink.Line("merge"),
                $"The column '{column}' belongs to the key, which never changes.",
                "Remove it from 'merge'.");
        }

        foreach (var column in (columns ?? []).Where(
            c => !result.Merge.ContainsKey(c) && !result.Key.Contains(c, StringComparer.OrdinalIgnoreCase)))
        {
            sink.Error(
                "merge",
                $"The column '{column}' is neither in 'key' nor in 'merge'.",
                $"Add `{column}: last`, or another of sum, min, max, first.");
        }
    }
}
