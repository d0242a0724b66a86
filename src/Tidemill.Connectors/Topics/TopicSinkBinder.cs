using Tidemill.Core.Configuration;
using Tidemill.Core.Configuration.Binding;
using Tidemill.Core.Configuration.Shapes;
using Tidemill.Core.Configuration.Yaml;

namespace Tidemill.Connectors.Topics;

/// <summary>The keys of <c>topic:</c> in a stream's sinks, and the record that they become.</summary>
internal static class TopicSinkBinder
{
    private static readonly string[] RowKeys = ["key", "value", "headers", "timestamp"];

    public static readonly ObjectShape Keys = new(
        new Property(
            "name",
            CommonShapes.Topic,
            "Topic written; created with the source's number of partitions when there is none.")
        { Required = true },
        new Property("connection", CommonShapes.Name, "One of the target's connections that has the topic. Default: the target's log."),
        new Property(
            "key",
            new EitherShape(CommonShapes.Column, CommonShapes.Columns),
            "Columns whose text is the record's key; several are joined by |. Default: no key."),
        new Property("value", CommonShapes.Column, "`json`: the whole row as an object. Else the column that is the value: text, JSON "
            + "or bytes; NULL is a tombstone.")
        { Default = "json" },
        new Property(
            "headers",
            new MapShape(new TextShape(), CommonShapes.Column, MinEntries: 1),
            "Headers by name, each with the column whose text it holds."),
        new Property(
            "partition_by",
            new ChoiceShape("key", "source"),
            "source: the partition with the source partition's number. Default: source for records passed on as they are, else key."),
        new Property("timestamp", CommonShapes.Column, "Column that is the record's timestamp. Default: the time of writing."));

    public static TopicSinkDefinition Bind(Section sink, IReadOnlyList<string>? columns)
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

    /// <summary>What the sink asks of its stream.</summary>
    public static void Check(TopicSinkDefinition sink, StreamDefinition stream, Section root)
    {
        if (sink.Topic == stream.Source.Topic && sink.Connection == stream.Source.Connection)
            root.Error("sinks", "The stream would read what it writes, without end.", "Name another topic.");

        if (stream.Decode is null && HasRowKeys(sink))
        {
            root.Error(
                "sinks", $"Without `decode`, records go to '{sink.Name}' as they are: {string.Join(", ", RowKeys)} belong to rows.",
                "Add `decode:` with the fields and their types, or remove them.");
        }
    }

    /// <summary>Whether something is said of how rows become records.</summary>
    public static bool HasRowKeys(TopicSinkDefinition sink) =>
        sink.Key.Count > 0 || sink.ValueColumn is not null || sink.Headers.Count > 0 || sink.Timestamp is not null;
}
