using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Sinks;

/// <summary>The keys of <c>warehouse:</c> in a stream's sinks, and the record that they become.</summary>
internal static class WarehouseSinkBinder
{
    private static readonly ObjectShape IndexKeys = new(
        new Property("columns", CommonShapes.Columns, "Columns, in order.") { Required = true },
        new Property("unique", new BooleanShape(), "No two rows alike in these columns.") { Default = "false" });

    public static readonly ObjectShape Keys = new(
        new Property("table", CommonShapes.Table, "Table written; created when there is none.") { Required = true },
        new Property("name", CommonShapes.Name, "The sink's name, which its checkpoint is kept under. Default: the table's name."),
        new Property(
            "on_conflict",
            new ChoiceShape("append", "ignore", "upsert", "merge"),
            "What happens to a row whose key is there already. append: it is inserted; ignore: the first row of a key stays; "
                + "upsert: the last one does; merge: columns are combined.")
        { Default = "append" },
        new Property("key", CommonShapes.Columns, "The table's primary key; needed unless on_conflict is append."),
        new Property(
            "merge",
            new MapShape(CommonShapes.Column, new ChoiceShape("sum", "min", "max", "last", "first"), MinEntries: 1),
            "How each column outside the key combines with the stored one.")
        { OnlyWith = ("on_conflict", "merge") },
        new Property(
            "columns",
            new MapShape(CommonShapes.Column, new ColumnTypeShape()),
            "Types of columns where the transform's own type is not wanted."),
        new Property(
            "indexes", new ListShape(new EitherShape(List: CommonShapes.Columns, Mapping: IndexKeys)), "Indexes, each a list of columns."));

    private static readonly string[] SystemNames =
    [
        SystemTables.Migrations, SystemTables.Checkpoints, SystemTables.DeadLetters, SystemTables.SchemaChanges,
        SystemTables.PipelineExecutions, SystemTables.TaskExecutions,
    ];

    public static WarehouseSinkDefinition Bind(Section sink, IReadOnlyList<string>? columns)
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

    private static Dictionary<string, MergeOperation> BindMerge(Section sink, IReadOnlyList<string>? columns)
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

    private static List<IndexSpec> BindIndexes(Section sink, IReadOnlyList<string>? columns)
    {
        var indexes = new List<IndexSpec>();
        var items = sink.Items("indexes");
        for (var i = 0; i < items.Count; i++)
        {
            var node = items[i] as MappingNode ?? new MappingNode(items[i].Line, [new MappingEntry("columns", items[i].Line, items[i])]);
            var index = new Section(node, IndexKeys, $"{sink.Path}.indexes[{i}]", sink.Context);
            var names = index.Texts("columns");
            ColumnCheck.Names(names, "columns", columns, index);
            indexes.Add(new IndexSpec([.. names.Select(n => n.Text)], index.Flag("unique", false)));
        }

        return indexes;
    }

    private static void CheckRule(WarehouseSinkDefinition result, Section sink, IReadOnlyList<string>? columns)
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

    private static void CheckMerge(WarehouseSinkDefinition result, Section sink, IReadOnlyList<string>? columns)
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
