namespace Tidemill.Core.Warehouses;

/// <summary>The tables Tidemill keeps for itself, in the warehouse's default schema. docs/formats/system-tables.md lists their
/// columns.</summary>
public static class SystemTables
{
    /// <summary>Which changes of system tables were carried out, by (owner, number).</summary>
    public const string Migrations = "tidemill_migrations";

    /// <summary>(project, stream, sink, topic, partition) -> next_offset: the next record that the sink does not hold yet.</summary>
    public const string Checkpoints = "tidemill_checkpoints";

    /// <summary>Records that could not be used, by (project, stream, topic, partition, offset).</summary>
    public const string DeadLetters = "tidemill_dead_letters";

    /// <summary>What was seen and decided where records left a stream's declared schema, by (project, stream, kind, path, new type,
    /// decision).</summary>
    public const string SchemaChanges = "tidemill_schema_changes";

    /// <summary>One row a workflow run.</summary>
    public const string PipelineExecutions = "pipeline_executions";

    /// <summary>One row a task attempt.</summary>
    public const string TaskExecutions = "task_executions";

    /// <summary>The tables that writers need. A warehouse brings them to this when it opens.</summary>
    public static MigrationSet OfWriters { get; } = new("warehouse",
    [
        new Migration("checkpoints", $"CREATE TABLE IF NOT EXISTS {Checkpoints} ({CheckpointColumns}, PRIMARY KEY ({CheckpointKey}))"),
        new Migration(
            "project in checkpoints", dialect => dialect.AddKeyColumn(Checkpoints, "project", CheckpointColumns, CheckpointKey)),
    ])
    {
        OfProjects = [(Checkpoints, "stream")],
    };

    private const string CheckpointKey = "stream, sink, topic, \"partition\"";

    private const string CheckpointColumns =
        "stream TEXT NOT NULL, sink TEXT NOT NULL, topic TEXT NOT NULL, \"partition\" INTEGER NOT NULL, next_offset BIGINT NOT NULL, "
        + "updated_at TIMESTAMP NOT NULL";
}
