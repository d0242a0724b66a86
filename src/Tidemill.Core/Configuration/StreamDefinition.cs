using Tidemill.Core.Components;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Configuration;

/// <summary>A flow from a topic: decode, transform, sinks. Checkpoints are kept under its name.</summary>
public sealed record StreamDefinition : FlowDefinition
{
    public required TopicSourceDefinition Source { get; init; }

    /// <summary>How records become rows. Null: sinks take the records as they are.</summary>
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

/// <summary>The topic that a stream reads.</summary>
/// <param name="Topic">The topic.</param>
/// <param name="Start">Where to begin when no sink holds a position. Default earliest.</param>
public sealed record TopicSourceDefinition(string Topic, StartPosition Start = StartPosition.Earliest)
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
