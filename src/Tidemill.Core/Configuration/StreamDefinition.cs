using Tidemill.Core.Logs;
using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;

namespace Tidemill.Core.Configuration;

/// <summary>A continuous flow: source, decode, transform, sinks.</summary>
public sealed record StreamDefinition
{
    /// <summary>Letters, digits, - and _; unique in the project. Checkpoints are kept under it.</summary>
    public required string Name { get; init; }

    /// <summary>Path relative to the project folder, for messages.</summary>
    public required string File { get; init; }

    public bool Enabled { get; init; } = true;

    public required SourceDefinition Source { get; init; }

    /// <summary>How records become rows; needed when the source is a topic and a sink is a table.</summary>
    public DecodeDefinition? Decode { get; init; }

    /// <summary>
    /// A SELECT over <c>batch</c>, whose columns are the decoded fields and <c>_topic</c>, <c>_partition</c>, <c>_offset</c>,
    /// <c>_timestamp</c> (append time) and <c>_key</c>. Null: the decoded fields as they are.
    /// </summary>
    public SqlText? Transform { get; init; }

    /// <summary>Columns of the decoded record that make it one event; later records with the same key are left out for good.
    /// Empty: off.</summary>
    public IReadOnlyList<string> Deduplicate { get; init; } = [];

    public BatchDefinition Batch { get; init; } = new();

    /// <summary>Topic that dead letters are written to. Null: the warehouse's table.</summary>
    public string? DeadLetterTopic { get; init; }

    /// <summary>What happens when records leave the declared schema. Default ignore.</summary>
    public DriftPolicy OnDrift { get; init; } = DriftPolicy.Ignore;

    public required IReadOnlyList<SinkDefinition> Sinks { get; init; }
}

/// <summary>What a stream does with records that have other fields or wider values than declared.</summary>
public enum DriftPolicy
{
    /// <summary>Unknown fields are left out; values that do not fit make their record a dead letter.</summary>
    Ignore,

    /// <summary>Unknown fields become columns and columns get wider types, before the records that need it are written.</summary>
    Evolve,

    /// <summary>Records that drift become dead letters with the code SchemaDrift; the stream goes on.</summary>
    Quarantine,

    /// <summary>The stream stops in front of the first record that drifts.</summary>
    Halt,
}

/// <summary>SQL with the place it stands at, so that errors can name it.</summary>
public sealed record SqlText(string Text, string File, int Line);

public abstract record SourceDefinition;

/// <param name="Topic">The topic read.</param>
/// <param name="Start">Where to begin when no sink holds a position. Default earliest.</param>
public sealed record TopicSourceDefinition(string Topic, StartPosition Start = StartPosition.Earliest) : SourceDefinition
{
    /// <summary>One of the target's connections; such a topic is read where it is, never created. Null: the target's log.</summary>
    public string? Connection { get; init; }

    /// <summary>What to do when the log no longer holds a sink's position. Default: stop and say so, because going on loses
    /// records.</summary>
    public OutOfRangePolicy OnOutOfRange { get; init; }
}

/// <summary>What a stream does whose position lies outside what the log holds.</summary>
public enum OutOfRangePolicy
{
    Halt,

    /// <summary>Goes on with the first record still held.</summary>
    Earliest,

    /// <summary>Goes on with the next record appended.</summary>
    Latest,
}

/// <summary>Makes records up, reproducibly: record n is a function of seed and n, apart from the clock.</summary>
public sealed record GeneratorSourceDefinition : SourceDefinition
{
    public int Seed { get; init; } = 42;

    /// <summary>Records a second. Default 50.</summary>
    public double Rate { get; init; } = 50;

    /// <summary>Stop after this many records. Default: never.</summary>
    public long? Limit { get; init; }

    /// <summary>Field name to what it holds.</summary>
    public required IReadOnlyList<GeneratorField> Fields { get; init; }

    /// <summary>Field used as the record's key. Null: no key.</summary>
    public string? Key { get; init; }

    /// <summary>Share of records (0..1) whose time field lies in the past. Default 0.</summary>
    public double LateShare { get; init; }

    /// <summary>How far in the past late records lie at most. Default 1 hour; at least 2 minutes and a second.</summary>
    public TimeSpan LateBy { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Share of records (0..1) that repeat an earlier one. Default 0.</summary>
    public double DuplicateShare { get; init; }

    /// <summary>Share of records (0..1) that are broken: cut JSON, wrong types, missing fields. Default 0.</summary>
    public double MalformedShare { get; init; }
}

public enum GeneratorKind
{
    /// <summary>A fresh UUID for each record.</summary>
    Uuid,

    /// <summary>One of <see cref="GeneratorField.Count"/> UUIDs.</summary>
    UuidPool,

    /// <summary>One of <see cref="GeneratorField.Values"/>, by weight.</summary>
    Choice,

    /// <summary>A decimal between <see cref="GeneratorField.Min"/> and <see cref="GeneratorField.Max"/>, small ones more often.</summary>
    Amount,

    /// <summary>An integer from Min to Max.</summary>
    Integer,

    /// <summary>Now, ISO 8601 with milliseconds, UTC; moved back when the record is late.</summary>
    Now,

    /// <summary>The record's number.</summary>
    Sequence,
}

public sealed record GeneratorField(string Name, GeneratorKind Kind)
{
    public int Count { get; init; } = 1000;

    public decimal Min { get; init; }

    public decimal Max { get; init; } = 1000;

    /// <summary>Digits after the point of an amount. Default 2.</summary>
    public int Scale { get; init; } = 2;

    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>One weight a value; empty: all alike.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [];
}

/// <summary>How a record's JSON value becomes a row.</summary>
public sealed record DecodeDefinition
{
    public required IReadOnlyList<DecodeField> Fields { get; init; }

    /// <summary>Numbers and booleans may come as strings. Default false.</summary>
    public bool Lenient { get; init; }

    /// <summary>Dotted paths of properties that are left out on purpose: they are no drift.</summary>
    public IReadOnlyList<string> Ignore { get; init; } = [];

    /// <summary>Column that keeps unknown top-level fields as one JSON object. Null: they are left out.</summary>
    public string? ExtraColumn { get; init; }
}

public enum TimestampFormat
{
    Iso8601,
    EpochSeconds,
    EpochMilliseconds,
    EpochMicroseconds,
    EpochNanoseconds,
}

public sealed record DecodeField(string Name, FieldType Type)
{
    /// <summary>Property names from the record's root, such as [user, id]. Default: the field's name.</summary>
    public IReadOnlyList<string> Path { get; init; } = [Name];

    /// <summary>Missing or null is an error. Default false: NULL, or <see cref="Default"/> when the property is missing.</summary>
    public bool Required { get; init; }

    /// <summary>JSON text of the value used when the property is missing. Null: NULL.</summary>
    public string? Default { get; init; }

    public TimestampFormat TimestampFormat { get; init; } = TimestampFormat.Iso8601;

    /// <summary>Text fields only: a value of another JSON type is taken as its JSON text. Set where a type was widened.</summary>
    public bool AnyValue { get; init; }

    /// <summary>The property came with earlier records and then no more: a record without it is refused as drift.</summary>
    public bool Dropped { get; init; }
}

/// <summary>A batch ends at the first of these bounds.</summary>
public sealed record BatchDefinition
{
    /// <summary>Default 262,144 records: while catching up, few large transactions cost a table less than many small ones:
    /// DuckDB writes 122,880 rows and more straight into its file.</summary>
    public int MaxRecords { get; init; } = 262_144;

    /// <summary>Default 64 MiB of keys and values. Reading waits while twice as much is under way in the stream: one batch is
    /// written, the next is made.</summary>
    public long MaxBytes { get; init; } = 64L << 20;

    /// <summary>Default 200 ms: how long a batch may wait for more records before it is written.</summary>
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromMilliseconds(200);
}

/// <param name="Name">Unique in the stream; checkpoints are kept under it. Default: the table's, index's or topic's name.</param>
public abstract record SinkDefinition(string Name);

public sealed record WarehouseSinkDefinition(string Name, TableName Table) : SinkDefinition(Name)
{
    public ConflictRule Rule { get; init; } = ConflictRule.Append;

    public IReadOnlyList<string> Key { get; init; } = [];

    public IReadOnlyDictionary<string, MergeOperation> Merge { get; init; } = new Dictionary<string, MergeOperation>();

    /// <summary>Types of columns where the transform's own type is not wanted.</summary>
    public IReadOnlyDictionary<string, FieldType> Columns { get; init; } = new Dictionary<string, FieldType>();

    public IReadOnlyList<IndexSpec> Indexes { get; init; } = [];
}

/// <summary>
/// Writes records to a topic: a generator's, a stream's rows, or, where the stream decodes nothing, the source's records as
/// they are.
/// </summary>
/// <param name="Name">The topic's name, with the connection in front when it has one.</param>
/// <param name="Topic">Created when there is none, with as many partitions as the source.</param>
public sealed record TopicSinkDefinition(string Name, string Topic) : SinkDefinition(Name)
{
    /// <summary>One of the target's connections. Null: the target's log.</summary>
    public string? Connection { get; init; }

    /// <summary>Columns whose text is the record's key, several joined by |. Empty: no key.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    /// <summary>Column that is the record's value. Null: the row as a JSON object.</summary>
    public string? ValueColumn { get; init; }

    /// <summary>Column by name of the header that holds its text.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Null: source for records passed on as they are, else key.</summary>
    public TopicPartitioning? PartitionBy { get; init; }

    /// <summary>Column that is the record's timestamp. Null: the time of writing, or the source's for records passed on.</summary>
    public string? Timestamp { get; init; }
}

/// <summary>How a record's partition is found.</summary>
public enum TopicPartitioning
{
    /// <summary>By the key, as Kafka's clients do.</summary>
    Key,

    /// <summary>The one with the source partition's number.</summary>
    Source,
}
