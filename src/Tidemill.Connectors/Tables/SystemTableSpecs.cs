using Tidemill.Core.Schemas;
using Tidemill.Core.Warehouses;

namespace Tidemill.Connectors.Tables;

/// <summary>The tables that a warehouse creates for Tidemill when it opens. Times are UTC, without a zone.</summary>
internal static class SystemTableSpecs
{
    private static readonly FieldType Text = new(FieldKind.Text);
    private static readonly FieldType Int = new(FieldKind.Int32);
    private static readonly FieldType BigInt = new(FieldKind.Int64);
    private static readonly FieldType Time = new(FieldKind.Timestamp);
    private static readonly FieldType Blob = new(FieldKind.Blob);
    private static readonly FieldType Uuid = new(FieldKind.Uuid);

    public static IReadOnlyList<TableSpec> All { get; } =
    [
        Table(SystemTables.Checkpoints, ["stream", "sink", "topic", "partition"],
        [
            new("stream", Text, true), new("sink", Text, true), new("topic", Text, true), new("partition", Int, true),
            new("next_offset", BigInt, true), new("updated_at", Time, true),
        ]),
        Table(SystemTables.DeadLetters, ["stream", "topic", "partition", "offset"],
        [
            new("stream", Text, true), new("topic", Text, true), new("partition", Int, true), new("offset", BigInt, true),
            new("record_time", Time), new("key", Blob), new("value", Blob), new("error_code", Text, true),
            new("field", Text), new("message", Text), new("created_at", Time, true), new("status", Text, true), new("edited_value", Blob),
            new("sinks", Text),
        ]),
        Table(SystemTables.SchemaChanges, ["stream", "kind", "path", "new_type", "decision"],
        [
            new("stream", Text, true), new("kind", Text, true), new("path", Text, true), new("new_type", Text, true),
            new("decision", Text, true), new("column_name", Text), new("old_type", Text), new("detail", Text),
            new("topic", Text), new("partition", Int), new("offset", BigInt), new("changed_at", Time, true),
        ]),
        Table(SystemTables.PipelineExecutions, ["id"],
        [
            new("id", Uuid, true), new("pipeline_name", Text, true), new("status", Text, true), new("trigger", Text),
            new("interval_start", Time), new("interval_end", Time), new("records_processed", BigInt),
            new("start_time", Time, true), new("end_time", Time), new("error_message", Text),
        ]),
        Table(SystemTables.TaskExecutions, ["id"],
        [
            new("id", Uuid, true), new("execution_id", Uuid, true), new("pipeline_name", Text, true),
            new("task_name", Text, true), new("attempt", Int, true), new("status", Text, true),
            new("records_processed", BigInt), new("start_time", Time), new("end_time", Time),
            new("error_code", Text), new("error_message", Text),
        ]),
    ];

    private static TableSpec Table(string name, string[] primaryKey, Field[] fields) =>
        new(new TableName(name), new Schema(fields)) { PrimaryKey = primaryKey };
}
