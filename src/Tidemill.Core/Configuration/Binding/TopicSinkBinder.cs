using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Core.Configuration.Binding;

/// <summary>Turns the <c>topic:</c> of a sink into its record, and checks what sinks that are topics ask of their stream.</summary>
internal static class TopicSinkBinder
{
    private static readonly string[] RowKeys = ["key", "value", "headers", "timestamp"];
    private static readonly string[] RowSteps = ["transform", "deduplicate", "on_drift"];

    public static TopicSinkDefinition Bind(Section sink, List<string>? columns)
    {
        var topic = sink.Text("name") ?? "";
        var connection = sink.Text("connection");
        var key = sink.Texts("key");
        ColumnCheck.Names(key, "key", columns, sink);
        var value = sink.Text("value");
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var entry in sink.Entries("headers"))
        {
            if (entry.Value is ScalarNode scalar && headers.TryAdd(entry.Key, scalar.Text))
                ColumnCheck.Known(scalar.Text, $"headers.{entry.Key}", scalar.Line, columns, sink);
        }

        if (value is not (null or "json"))
            ColumnCheck.Known(value, "value", sink.Line("value"), columns, sink);
        if (sink.Text("timestamp") is { } timestamp)
            ColumnCheck.Known(timestamp, "timestamp", sink.Line("timestamp"), columns, sink);

        return new TopicSinkDefinition(connection is null ? topic : $"{connection}.{topic}", topic)
        {
            Connection = connection,
            Key = [.. key.Select(k => k.Text)],
            ValueColumn = value == "json" ? null : value,
            Headers = headers,
            PartitionBy = sink.Has("partition_by") ? sink.Choice("partition_by", TopicPartitioning.Key) : null,
            Timestamp = sink.Text("timestamp"),
        };
    }

    /// <summary>The records of a generator or collection go to a topic of the target's log as they are.</summary>
    public static void CheckGenerator(Section root, string source, TopicSinkDefinition sink)
    {
        if (sink is { Connection: null, PartitionBy: null } && !HasRowKeys(sink))
            return;

        root.Error("sinks", $"The records of a {source} go to a topic of the target's log as they are: '{sink.Name}' takes only a name.",
            "Write `- topic: NAME`, and read that topic in a stream that passes the records on.");
    }

    public static void CheckReader(Section root, StreamDefinition stream)
    {
        var source = (TopicSourceDefinition)stream.Source;
        foreach (var sink in stream.Sinks.OfType<TopicSinkDefinition>())
        {
            if (sink.Topic == source.Topic && sink.Connection == source.Connection)
                root.Error("sinks", "The stream would read what it writes, without end.", "Name another topic.");

            if (stream.Decode is null && HasRowKeys(sink))
            {
                root.Error(
                    "sinks", $"Without `decode`, records go to '{sink.Name}' as they are: {string.Join(", ", RowKeys)} belong to rows.",
                    "Add `decode:` with the fields and their types, or remove them.");
            }
        }

        if (stream.Decode is not null)
            return;

        foreach (var key in RowSteps.Where(root.Has))
        {
            root.Error(
                key,
                $"Without `decode`, records are passed on as they are; '{key}' works on rows.",
                "Add `decode:` with the fields and their types, or remove it.");
        }
    }

    private static bool HasRowKeys(TopicSinkDefinition sink) =>
        sink.Key.Count > 0 || sink.ValueColumn is not null || sink.Headers.Count > 0 || sink.Timestamp is not null;
}
