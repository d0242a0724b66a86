using Tidemill.Core.Components;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>streams/*.yaml.</summary>
internal sealed class StreamShapes
{
    public static readonly ObjectShape DecodeField = new(
        new Property("type", new ColumnTypeShape(), "Column type.") { Required = true },
        new Property("path", new EitherShape(
            new TextShape("^[^.]+(\\.[^.]+)*$", "property names joined by dots, such as user.id"),
            new ListShape(new TextShape(), MinItems: 1)), "Where the value stands in the record. Default: the field's name."),
        new Property("required", new BooleanShape(), "A record without the value is a dead letter.") { Default = "false" },
        new Property("default", new AnyShape(), "Value used when the property is missing. Default: NULL."),
        new Property(
            "format",
            new ChoiceShape("iso8601", "epoch_seconds", "epoch_milliseconds", "epoch_microseconds", "epoch_nanoseconds"),
            "How a timestamp is written.")
        { Default = "iso8601" });

    public static readonly ObjectShape Decode = new(
        new Property("format", new ChoiceShape("json"), "How records are written.") { Default = "json" },
        new Property("lenient", new BooleanShape(), "Take numbers and booleans that come as strings.") { Default = "false" },
        new Property("extra", CommonShapes.Column, "Column that keeps unknown top-level properties as JSON. Default: they are left out."),
        new Property(
            "ignore", new ListShape(new TextShape()), "Properties left out on purpose, such as debug or user.ip: they are no drift."),
        new Property(
            "fields",
            new MapShape(CommonShapes.Column, new EitherShape(new ColumnTypeShape(), Mapping: DecodeField), MinEntries: 1),
            "Columns, each with its type.")
        { Required = true });

    public static readonly ObjectShape DeadLetters = new(
        new Property("topic", CommonShapes.Topic, "Topic that dead letters are written to.") { Required = true });

    public static readonly ObjectShape Batch = new(
        new Property("max_records", new NumberShape(1, 10_000_000, Whole: true), "A batch ends at so many records.") { Default = "262144" },
        new Property("max_bytes", new SizeShape(1, 1L << 30), "A batch ends at so many bytes of keys and values.") { Default = "64MiB" },
        new Property(
            "max_wait", new DurationShape(TimeSpan.FromMilliseconds(1)), "How long a batch waits for more records.")
        { Default = "200ms" });

    public StreamShapes(ComponentKinds kinds)
    {
        Source = new ObjectShape(
        [
            new Property("topic", CommonShapes.Topic, "Topic to read."),
            new Property(
                "start", new ChoiceShape("earliest", "latest"), "Where to begin when no sink holds a position.") { Default = "earliest" },
            new Property(
                "on_out_of_range",
                new ChoiceShape("halt", "earliest", "latest"),
                "What to do when the log no longer holds the sink's position. earliest and latest skip records.") { Default = "halt" },
            new Property("connection", CommonShapes.Name, "One of the target's connections that has the topic. Default: the target's log."),
            .. kinds.Sources.Select(FileShapes.Of),
        ]);
        Sink = new ObjectShape([.. kinds.Sinks.Select(FileShapes.Of)]) { ExactlyOne = true };
        Root = new ObjectShape(
            new Property(
                "name", CommonShapes.Name, "Checkpoints are kept under it: a renamed stream starts again. Default: the file's name."),
            new Property("enabled", new BooleanShape(), "false: the stream is checked but does not run.") { Default = "true" },
            new Property("source", Source, "Where records come from: a topic, or what one of the other keys names.") { Required = true },
            new Property("decode", Decode, "How records become rows."),
            new Property(
                "transform",
                CommonShapes.Sql,
                "A SELECT over `batch`: the decoded fields and `_topic`, `_partition`, `_offset`, `_timestamp` (when the log took the "
                    + "record) and `_key`. It sees one batch at a time. Default: the decoded fields as they are."),
            new Property(
                "deduplicate",
                CommonShapes.Columns,
                "Decoded columns that make a record one event; later ones alike are left out. Default: off."),
            new Property(
                "on_drift",
                new ChoiceShape("ignore", "evolve", "quarantine", "halt"),
                "What happens when records leave the declared schema.")
            { Default = "ignore" },
            new Property(
                "dead_letters",
                new EitherShape(new ChoiceShape("warehouse"), Mapping: DeadLetters),
                "Where records go that cannot be used: `warehouse`, or `topic: NAME`.")
            { Default = "warehouse" },
            new Property("batch", Batch, "Bounds of a batch."),
            new Property("sinks", new ListShape(Sink, MinItems: 1), "Where rows go.") { Required = true });
    }

    public ObjectShape Source { get; }

    public ObjectShape Sink { get; }

    public ObjectShape Root { get; }
}
