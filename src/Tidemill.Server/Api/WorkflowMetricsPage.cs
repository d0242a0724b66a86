using Tidemill.Observability.Metrics;
using Tidemill.Workflows.Runs;
using Tidemill.Workflows.Scheduling;

namespace Tidemill.Server.Api;

/// <summary>The workflows' part of /metrics. Every status is written from the start, so that a first failure is an increase.</summary>
internal static class WorkflowMetricsPage
{
    private static readonly RunStatus[] EndStatuses = [.. Enum.GetValues<RunStatus>().Where(s => s != RunStatus.Running)];

    public static void Write(MetricWriter writer, IReadOnlyList<WorkflowStatus> workflows, RunCounts? counts)
    {
        writer.Counter("tidemill_workflow_runs_total", "Runs that ended, by status.");
        foreach (var workflow in workflows)
        {
            foreach (var status in EndStatuses)
            {
                writer.Sample(
                    counts?.Ended(workflow.Name, status) ?? 0,
                    ("workflow", workflow.Name), ("status", status.ToString().ToLowerInvariant()));
            }
        }

        Gauge("tidemill_workflow_running", "1 while a run goes on.", w => w.Active is null ? 0 : 1);
        Gauge("tidemill_workflow_last_run_duration_seconds", "Duration of the run that ended last, in seconds.",
            w => (w.LastRun?.EndTime - w.LastRun?.StartTime)?.TotalSeconds ?? double.NaN);
        Gauge("tidemill_workflow_last_success_timestamp_seconds", "End of the last run that succeeded since the epoch, in seconds.",
            w => Seconds(counts?.LastSuccess(w.Name) ?? (w.LastRun?.Status == RunStatus.Success ? w.LastRun.EndTime : null)));
        Gauge("tidemill_workflow_next_run_timestamp_seconds", "When the schedule fires next since the epoch, in seconds.",
            w => Seconds(w.NextFire));

        void Gauge(string name, string help, Func<WorkflowStatus, double> value)
        {
            writer.Gauge(name, help);
            foreach (var workflow in workflows)
                writer.Sample(value(workflow), ("workflow", workflow.Name));
        }
    }

    private static double Seconds(DateTimeOffset? time) => time?.ToUnixTimeMilliseconds() / 1000.0 ?? double.NaN;
}
