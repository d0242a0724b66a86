using Tidemill.Core.Components;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>streams/*.yaml.</summary>
internal sealed class StreamShapes
{
    private static readonly NumberShape Amount = new(-1e9, 1e9, Whole: false);
    private static readonly NumberShape Integer = new(-9e15, 9e15, Whole: true);
    private static readonly ListShape Columns = new(CommonShapes.Column, MinItems: 1);

    public static readonly ObjectShape AmountRange = new(
        new Property("min", Amount, "Smallest amount.") { Default = "0" },
        new Property("max", Amount, "Largest amount.") { Default = "1000" },
        new Property("scale", new NumberShape(0, 9, Whole: true), "Digits after the point.") { Default = "2" });

    public static readonly ObjectShape IntegerRange = new(
        new Property("min", Integer, "Smallest number.") { Default = "0" },
        new Property("max", Integer, "Largest number.") { Default = "1000" });

    public static readonly ObjectShape Choice = new(
        new Property("values", new ListShape(new TextShape(), MinItems: 1), "The texts to choose from.") { Required = true },
        new Property(
            "weights", new ListShape(new NumberShape(0, 1e9, Whole: false), MinItems: 1), "One weight a value. Default: all alike."));

    public static readonly ObjectShape GeneratorFieldKind = new(
        new Property("uuid_pool", new NumberShape(1, 10_000_000, Whole: true), "One of so many UUIDs."),
        new Property("amount", AmountRange, "A decimal number, small ones more often."),
        new Property("integer", IntegerRange, "A whole number, all alike."),
        new Property(
            "choice", new EitherShape(List: new ListShape(new TextShape(), MinItems: 1), Mapping: Choice), "One of the given texts."))
    { ExactlyOne = true };

    public static readonly EitherShape GeneratorField = new(
        new ChoiceShape("uuid", "now", "sequence", "amount", "integer", "uuid_pool"), Mapping: GeneratorFieldKind);

    public static readonly ObjectShape Late = new(
        new Property(
            "share", CommonShapes.Share, "Share of records whose time fields lie more than 2 minutes in the past.")
        { Default = "0" },
        new Property("by", new DurationShape(TimeSpan.FromSeconds(121)), "How far in the past at most.") { Default = "1h" });

    public static readonly ObjectShape Generator = new(
        new Property("seed", new NumberShape(int.MinValue, int.MaxValue, Whole: true), "Same seed, same records.") { Default = "42" },
        new Property("rate", new NumberShape(0.001, 10_000_000, Whole: false), "Records a second.") { Default = "50" },
        new Property("limit", new NumberShape(0, 9e15, Whole: true), "Stop after so many records. Default: never."),
        new Property("key", CommonShapes.Column, "Field used as the record's key. Default: no key."),
        new Property(
            "fields", new MapShape(CommonShapes.Column, GeneratorField, MinEntries: 1), "What each field holds.")
        { Required = true },
        new Property("late", Late, "Records that come late."),
        new Property("duplicates", CommonShapes.Share, "Share of records that repeat an earlier one.") { Default = "0" },
        new Property("malformed", CommonShapes.Share, "Share of records that are broken.") { Default = "0" });

    private static readonly TextShape Collection =
        new("^[^$\\x00]{1,120}$", "a collection name of at most 120 characters without $");

    public static readonly ObjectShape CollectionSource = new(
        new Property("collection", Collection, "Collection to read.") { Required = true },
        new Property(
            "field",
            new TextShape("^[^.$][^$]*$", "a field name, dots for nested ones"),
            "Field that grows from document to document, or with each change of one.")
        { Default = "_id" },
        new Property(
            "overlap",
            new DurationShape(TimeSpan.Zero),
            "How far behind the last date or ObjectId documents are looked for again, because they may show late.")
        { Default = "10s" },
        new Property(
            "types",
            new ChoiceShape("plain", "relaxed", "canonical"),
            "How types that JSON does not have are written: as text and numbers, or as Extended JSON.")
        { Default = "plain" },
        new Property(
            "poll", new DurationShape(TimeSpan.FromMilliseconds(10)), "How long to wait when there was nothing new.")
        { Default = "1s" });

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

    public static readonly ObjectShape Index = new(
        new Property("columns", Columns, "Columns, in order.") { Required = true },
        new Property("unique", new BooleanShape(), "No two rows alike in these columns.") { Default = "false" });

    public static readonly ObjectShape WarehouseSink = new(
        new Property("table", CommonShapes.Table, "Table written; created when there is none.") { Required = true },
        new Property("name", CommonShapes.Name, "The sink's name, which its checkpoint is kept under. Default: the table's name."),
        new Property(
            "on_conflict",
            new ChoiceShape("append", "ignore", "upsert", "merge"),
            "What happens to a row whose key is there already.")
        { Default = "append" },
        new Property("key", Columns, "The table's primary key; needed unless on_conflict is append."),
        new Property(
            "merge",
            new MapShape(CommonShapes.Column, new ChoiceShape("sum", "min", "max", "last", "first"), MinEntries: 1),
            "How each column outside the key combines with the stored one.")
        { OnlyWith = ("on_conflict", "merge") },
        new Property(
            "columns",
            new MapShape(CommonShapes.Column, new ColumnTypeShape()),
            "Types of columns where the transform's own type is not wanted."),
        new Property("indexes", new ListShape(new EitherShape(List: Columns, Mapping: Index)), "Indexes, each a list of columns."));

    public static readonly ObjectShape TopicSink = new(
        new Property(
            "name",
            CommonShapes.Topic,
            "Topic written; created with the source's number of partitions when there is none.")
        { Required = true },
        new Property("connection", CommonShapes.Name, "One of the target's connections that has the topic. Default: the target's log."),
        new Property(
            "key",
            new EitherShape(CommonShapes.Column, Columns),
            "Columns whose text is the record's key; several are joined by |. Default: no key."),
        new Property("value", CommonShapes.Column, "`json`, the whole row, or the column that is the record's value.") { Default = "json" },
        new Property(
            "headers",
            new MapShape(new TextShape(), CommonShapes.Column, MinEntries: 1),
            "Headers by name, each with the column whose text it holds."),
        new Property(
            "partition_by",
            new ChoiceShape("key", "source"),
            "source: the partition with the source partition's number. Default: source for records passed on as they are, else key."),
        new Property("timestamp", CommonShapes.Column, "Column that is the record's timestamp. Default: the time of writing."));

    public static readonly ObjectShape Lifecycle = new(
        new Property("policy", CommonShapes.Name, "The policy's name on the server. Default: the index's name."),
        new Property(
            "read_only_after",
            new DurationShape(TimeSpan.FromMinutes(1)),
            "Age at which an index takes no more documents and is merged into one segment a shard. Default: never."),
        new Property("delete_after", new DurationShape(TimeSpan.FromMinutes(1)), "Age at which an index is deleted. Default: never."),
        new Property("optional", new BooleanShape(), "A server without lifecycle management is no error.") { Default = "false" });

    private static readonly TextShape IndexNames = new(
        "^[a-z0-9][a-z0-9._-]{0,200}$", "a name of lower-case letters, digits, '.', - and _");

    public static readonly TextShape IndexName = new(
        "^[a-z0-9][a-z0-9._-]{0,200}$|^[a-z0-9][a-z0-9._-]{0,150}\\{[^{}:]{1,63}:[yMdH._-]{2,20}\\}[a-z0-9._-]{0,50}$",
        "an index name of lower-case letters, digits, '.', - and _, with a date from a column when wanted, such as "
            + "orders-{created:yyyy.MM}");

    public static readonly ObjectShape IndexSink = new(
        new Property(
            "index",
            IndexName,
            "Index written; created when there is none. orders-{created:yyyy.MM} gives one a month, by a column.")
        { Required = true },
        new Property("name", CommonShapes.Name, "The sink's name, which its checkpoint is kept under. Default: the index's name."),
        new Property(
            "id",
            new EitherShape(CommonShapes.Column, Columns),
            "Columns whose text is the document's id. Default: topic, partition and offset, which the rows must then carry."),
        new Property(
            "version",
            CommonShapes.Column,
            "Column that grows with each change of a document; an older version never replaces a newer one. Default: none."),
        new Property("delete", CommonShapes.Column, "Boolean column; true deletes the document."),
        new Property(
            "action", new ChoiceShape("index", "create"), "create: a document that is there already is left alone.")
        { Default = "index" },
        new Property(
            "mapping",
            new MapShape(CommonShapes.Column, CommonShapes.SearchType),
            "Elasticsearch type by column. Default: by the column's type."),
        new Property("aliases", new EitherShape(IndexNames, new ListShape(IndexNames)), "Other names that the index is found under."),
        new Property(
            "template", IndexNames, "Index template on the server. Default: none, or with a date in the name one named after the index."),
        new Property("shards", new NumberShape(1, 1024, Whole: true), "Primary shards. Default: the server's."),
        new Property("replicas", new NumberShape(0, 100, Whole: true), "Copies of each shard. Default: the server's."),
        new Property("lifecycle", Lifecycle, "What becomes of an index as it grows old; ILM on Elasticsearch, ISM on OpenSearch."));

    public static readonly ObjectShape CollectionSink = new(
        new Property("collection", Collection, "Collection written; it comes to be with its first document.") { Required = true },
        new Property("name", CommonShapes.Name, "The sink's name, which its checkpoint is kept under. Default: the collection's name."),
        new Property("id", new EitherShape(CommonShapes.Column, Columns), "Columns that are the document's _id: the value of one, a "
            + "document of several. Default: the column _id, else topic, partition and offset, which the rows must then carry."),
        new Property(
            "order",
            new ChoiceShape("ordered", "unordered"),
            "unordered: documents behind one that is refused are written nevertheless.")
        { Default = "ordered" });

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
            new Property("generator", Generator, "Makes records up, reproducibly."),
            new Property(
                "collection", new EitherShape(Collection, Mapping: CollectionSource), "Documents of a collection, written to a topic."),
            .. kinds.Sources.Select(FileShapes.Of),
        ]);
        Sink = new ObjectShape(
        [
            new Property("warehouse", new EitherShape(CommonShapes.Table, Mapping: WarehouseSink), "Writes rows to a table."),
            new Property("index", new EitherShape(IndexName, Mapping: IndexSink), "Writes rows as documents of a search index."),
            new Property("collection", new EitherShape(Collection, Mapping: CollectionSink), "Writes rows as documents of a collection."),
            new Property(
                "topic",
                new EitherShape(CommonShapes.Topic, Mapping: TopicSink),
                "Writes records to a topic: rows, records as they are, or those of a generator or collection."),
            .. kinds.Sinks.Select(FileShapes.Of),
        ])
        {
            ExactlyOne = true,
        };
        Root = new ObjectShape(
            new Property("name", CommonShapes.Name, "Checkpoints are kept under it. Default: the file's name."),
            new Property("enabled", new BooleanShape(), "false: the stream is checked but does not run.") { Default = "true" },
            new Property("source", Source, "Where records come from: a topic, a generator or a collection.") { Required = true },
            new Property("decode", Decode, "How records become rows."),
            new Property("transform", CommonShapes.Sql, "A SELECT over `batch`. Default: the decoded fields as they are."),
            new Property(
                "deduplicate", Columns, "Decoded columns that make a record one event; later ones alike are left out. Default: off."),
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
