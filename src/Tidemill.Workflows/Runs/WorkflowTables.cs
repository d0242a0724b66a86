using Tidemill.Core.Warehouses;

namespace Tidemill.Workflows.Runs;

/// <summary>The system tables that workflows keep. Names and columns are those of the tables that people query already.</summary>
public static class WorkflowTables
{
    public static MigrationSet Set { get; } = new("workflows",
    [
        new Migration("runs",
            $"CREATE TABLE IF NOT EXISTS {SystemTables.PipelineExecutions} (id UUID NOT NULL, pipeline_name TEXT NOT NULL, status TEXT "
                + "NOT NULL, "
                + "trigger TEXT, interval_start TIMESTAMP, interval_end TIMESTAMP, records_processed BIGINT, start_time TIMESTAMP NOT "
                + "NULL, "
                + "end_time TIMESTAMP, error_message TEXT, PRIMARY KEY (id))"),
        new Migration("task attempts",
            $"CREATE TABLE IF NOT EXISTS {SystemTables.TaskExecutions} (id UUID NOT NULL, execution_id UUID NOT NULL, "
                + "pipeline_name TEXT NOT NULL, task_name TEXT NOT NULL, attempt INTEGER NOT NULL, status TEXT NOT NULL, "
                + "records_processed BIGINT, start_time TIMESTAMP, end_time TIMESTAMP, error_code TEXT, error_message TEXT, PRIMARY "
                + "KEY (id))"),
        new Migration("project in runs", $"ALTER TABLE {SystemTables.PipelineExecutions} ADD COLUMN project TEXT DEFAULT ''"),
    ])
    {
        OfProjects = [(SystemTables.PipelineExecutions, "pipeline_name")],
    };
}
