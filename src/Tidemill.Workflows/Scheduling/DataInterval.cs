namespace Tidemill.Workflows.Scheduling;

/// <summary>
/// The time a run is about, [Start, End): from one fire time to the next. As in Airflow, the run starts when the interval
/// has ended, so that everything in it has happened. Start equals End for a workflow without a schedule.
/// </summary>
public readonly record struct DataInterval(DateTimeOffset Start, DateTimeOffset End);
