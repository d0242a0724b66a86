using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns a streams/*.yaml that reads a topic into its record and checks what shapes cannot say.</summary>
internal static class StreamBinder
{
    private static readonly string[] RowKeys = ["transform", "deduplicate", "on_drift"];

    public static StreamDefinition Bind(Section root, string defaultName, TopicSourceDefinition source)
    {
        var decode = root.Has("decode") ? DecodeBinder.Bind(root.Object("decode", StreamShapes.Decode)) : null;
        var transform = root.Sql("transform");
        var stream = new StreamDefinition
        {
            Name = root.Text("name") ?? defaultName,
            File = root.Context.Report.File,
            Enabled = root.Flag("enabled", true),
            Source = source,
            Decode = decode,
            Transform = transform,
            Deduplicate = BindDeduplicate(root, decode),
            OnDrift = root.Choice("on_drift", DriftPolicy.Ignore),
            DeadLetterTopic = BindDeadLetterTopic(root),
            Sinks = FlowBinder.BindSinks(root, SinkColumns(decode, transform)),
        };
        stream = stream with { Batch = BindBatch(root.Object("batch", StreamShapes.Batch), BatchRecords(stream)) };
        Check(root, stream);
        return stream;
    }

    /// <param name="records">What sinks ask for where the stream does not say.</param>
    public static BatchDefinition BindBatch(Section batch, IReadOnlyCollection<int> records)
    {
        var defaults = new BatchDefinition();
        return new BatchDefinition
        {
            MaxRecords = batch.Integer("max_records", records.Append(defaults.MaxRecords).Min()),
            MaxBytes = batch.Size("max_bytes") ?? defaults.MaxBytes,
            MaxWait = batch.Duration("max_wait") ?? defaults.MaxWait,
        };
    }

    private static List<int> BatchRecords(StreamDefinition stream) =>
        [.. stream.Sinks.Select(sink => sink.Traits(stream, columns: null).BatchRecords).OfType<int>()];

    private static string? BindDeadLetterTopic(Section root) => root.Value("dead_letters") is MappingNode node
        ? new Section(node, StreamShapes.DeadLetters, "dead_letters", root.Context).Text("topic")
        : null;

    private static IReadOnlyList<string> BindDeduplicate(Section root, DecodeDefinition? decode)
    {
        var names = root.Texts("deduplicate");
        ColumnCheck.Names(names, "deduplicate", decode?.Fields.Select(f => f.Name).ToList(), root);
        return [.. names.Select(n => n.Text)];
    }

    /// <summary>Columns that reach the sinks; null when only the SQL engine knows them, or no field could be read.</summary>
    private static List<string>? SinkColumns(DecodeDefinition? decode, SqlText? transform)
    {
        if (decode is not { Fields.Count: > 0 } || transform is not null)
            return null;

        var columns = decode.Fields.Select(f => f.Name).ToList();
        if (decode.ExtraColumn is { } extra)
            columns.Add(extra);

        return columns;
    }

    private static void Check(Section root, StreamDefinition stream)
    {
        if (stream.Decode is null && stream.Sinks.Any(s => !s.Kind.TakesRecords))
            root.Error("decode", root.Node.Line, "Nothing says how records become rows.", "Add `decode:` with the fields and their types.");
        else
            CheckSinks(root, stream);

        var names = stream.Sinks.Select(s => s.Name).Where(name => name.Length > 0).GroupBy(name => name, StringComparer.OrdinalIgnoreCase);
        foreach (var same in names.Where(group => group.Count() > 1))
        {
            root.Error(
                "sinks", $"{(same.Count() == 2 ? "Two" : same.Count())} sinks are named '{same.Last()}'.",
                $"Give {(same.Count() == 2 ? "one of them another `name`" : "each another `name`")}; checkpoints are kept under it.");
        }

        if (stream.DeadLetterTopic is { } letters && letters == stream.Source.Topic)
            root.Error("dead_letters", "Dead letters would go back into the topic that the stream reads.", "Name another topic.");
    }

    private static void CheckSinks(Section root, StreamDefinition stream)
    {
        foreach (var sink in stream.Sinks)
            sink.Kind.Check(sink, stream, root);

        if (stream.Decode is not null)
            return;

        foreach (var key in RowKeys.Where(root.Has))
        {
            root.Error(
                key, $"Without `decode`, records are passed on as they are; '{key}' works on rows.",
                "Add `decode:` with the fields and their types, or remove it.");
        }
    }
}
