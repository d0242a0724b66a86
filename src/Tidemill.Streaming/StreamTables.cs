using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming;

/// <summary>The system tables that streams keep.</summary>
public static class StreamTables
{
    private const string LetterKey = "stream, topic, \"partition\", \"offset\"";

    private const string LetterColumns =
        "stream TEXT NOT NULL, topic TEXT NOT NULL, \"partition\" INTEGER NOT NULL, \"offset\" BIGINT NOT NULL, record_time TIMESTAMP, "
        + "key BYTEA, value BYTEA, error_code TEXT NOT NULL, field TEXT, message TEXT, created_at TIMESTAMP NOT NULL, "
        + "status TEXT NOT NULL, edited_value BYTEA";

    private const string ChangeKey = "stream, kind, path, new_type, decision";

    private const string ChangeColumns =
        "stream TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, new_type TEXT NOT NULL, decision TEXT NOT NULL, column_name TEXT, "
        + "old_type TEXT, detail TEXT, topic TEXT, \"partition\" INTEGER, \"offset\" BIGINT, changed_at TIMESTAMP NOT NULL";

    public static MigrationSet Set { get; } = new("streams",
    [
        new Migration(
            "dead letters", $"CREATE TABLE IF NOT EXISTS {SystemTables.DeadLetters} ({LetterColumns}, PRIMARY KEY ({LetterKey}))"),
        new Migration("sinks of dead letters", $"ALTER TABLE {SystemTables.DeadLetters} ADD COLUMN IF NOT EXISTS sinks TEXT"),
        new Migration(
            "schema changes", $"CREATE TABLE IF NOT EXISTS {SystemTables.SchemaChanges} ({ChangeColumns}, PRIMARY KEY ({ChangeKey}))"),
        new Migration(
            "project in dead letters",
            dialect => dialect.AddKeyColumn(SystemTables.DeadLetters, "project", $"{LetterColumns}, sinks TEXT", LetterKey)),
        new Migration(
            "project in schema changes", dialect => dialect.AddKeyColumn(SystemTables.SchemaChanges, "project", ChangeColumns, ChangeKey)),
    ])
    {
        OfProjects = [(SystemTables.DeadLetters, "stream"), (SystemTables.SchemaChanges, "stream")],
    };
}
