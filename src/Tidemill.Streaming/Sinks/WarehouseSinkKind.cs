using System.Text.RegularExpressions;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Sinks;

/// <summary>Rows into a table of the warehouse, with the checkpoint in the same transaction.</summary>
public sealed partial class WarehouseSinkKind : SinkKind<WarehouseSinkDefinition>
{
    private static readonly string[] Position = ["_topic", "_partition", "_offset"];

    private WarehouseSinkKind()
    {
    }

    public static WarehouseSinkKind Instance { get; } = new();

    public override string Key => "warehouse";

    public override string Description => "Writes rows to a table.";

    public override Shape Shape { get; } = new EitherShape(CommonShapes.Table, Mapping: WarehouseSinkBinder.Keys);

    public override SinkDefinition Bind(Section sink, IReadOnlyList<string>? columns) =>
        WarehouseSinkBinder.Bind(sink.Object(Key, WarehouseSinkBinder.Keys, "table"), columns);

    /// <summary>Key, merged and indexed columns that the rows do not have.</summary>
    protected override IEnumerable<ConfigError> Check(WarehouseSinkDefinition sink, StreamDefinition stream, Schema rows)
    {
        var uses = sink.Key.Select(column => ("key", column))
            .Concat(sink.Merge.Keys.Select(column => ("merge", column)))
            .Concat(sink.Columns.Keys.Select(column => ("columns", column)))
            .Concat(sink.Indexes.SelectMany(index => index.Columns).Select(column => ("indexes", column)));
        foreach (var (use, column) in uses.Where(u => rows.IndexOf(u.column) < 0))
        {
            yield return new ConfigError(
                $"sinks.{sink.Name}.{use}", $"Column {column} is not among the rows' columns.",
                $"The rows have: {string.Join(", ", rows.Fields.Select(f => f.Name))}.", stream.File, 0);
        }

        var unmerged = rows.Fields.Where(f => sink.Merge.Count > 0
            && !sink.Merge.Keys.Contains(f.Name, StringComparer.OrdinalIgnoreCase)
            && !sink.Key.Contains(f.Name, StringComparer.OrdinalIgnoreCase));
        foreach (var field in unmerged)
        {
            yield return new ConfigError(
                $"sinks.{sink.Name}.merge", $"Column {field.Name} has no merge operation.",
                "Name sum, min, max, first or last for it, or leave it out of the SELECT.", stream.File, 0);
        }
    }

    protected override string Describe(WarehouseSinkDefinition sink) => $"table {sink.Table}";

    protected override SinkOutput Output(WarehouseSinkDefinition sink) =>
        new TableOutput(new TableWrite(sink.Table, sink.Rule) { Key = sink.Key, Merge = sink.Merge });

    protected override IReadOnlyList<StoreUse> Uses(WarehouseSinkDefinition sink) => [StoreUse.Of<IWarehouse>()];

    protected override SinkTraits Traits(WarehouseSinkDefinition sink, StreamDefinition stream, IReadOnlyList<string>? columns) => new()
    {
        Key = sink.Key,
        Repeat = sink.Rule switch
        {
            ConflictRule.Ignore or ConflictRule.Upsert => RepeatRule.ByKey,
            ConflictRule.Append when HasPositions(columns) && !Aggregates(stream) => RepeatRule.ByPosition,
            _ => RepeatRule.Doubles,
        },
        RepeatRefusal = sink.Rule == ConflictRule.Merge
            ? "merging the range again would count it twice. Pass --rebuild to empty the table and read everything, or add "
            + $"`deduplicate` to {stream.File}."
            : "nothing tells its rows apart. Select _topic, _partition and _offset into the table, give it a key, "
                + $"add `deduplicate` to {stream.File}, or pass --rebuild.",
        SetsBack = sink.Rule == ConflictRule.Upsert,
    };

    protected override ISink Open(WarehouseSinkDefinition sink, SinkContext context) =>
        new WarehouseSink(context.Stores.Get<IWarehouse>(), context.Stream, sink);

    private static bool HasPositions(IReadOnlyList<string>? columns) =>
        columns is not null && Position.All(name => columns.Contains(name, StringComparer.OrdinalIgnoreCase));

    /// <summary>Rows of an aggregation have no one position.</summary>
    private static bool Aggregates(StreamDefinition stream) => stream.Transform is { } sql && Grouping().IsMatch(sql.Text);

    [GeneratedRegex(@"\b(group\s+by|distinct|qualify)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Grouping();
}
