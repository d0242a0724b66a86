using System.Diagnostics.Metrics;

namespace Tidemill.Core.Telemetry;

/// <summary>
/// The instruments of the program, by OpenTelemetry's naming rules, for whoever listens to the meter <see cref="Name"/>. They count from
/// the start of the process and cost next to nothing while nobody listens. docs/guides/metrics.md lists them.
/// </summary>
public static class Meters
{
    /// <summary>Name of the meter.</summary>
    public const string Name = "Tidemill";

    private static readonly Meter Meter = new(Name, typeof(Meters).Assembly.GetName().Version?.ToString(3));

    public static Counter<long> StreamRecords { get; } =
        Meter.CreateCounter<long>("tidemill.stream.records", "{record}", "Records committed.");

    public static Counter<long> StreamBytes { get; } =
        Meter.CreateCounter<long>("tidemill.stream.io", "By", "Bytes of keys and values committed.");

    public static Counter<long> StreamRows { get; } =
        Meter.CreateCounter<long>("tidemill.stream.rows", "{row}", "Rows that sinks inserted or changed.");

    public static Counter<long> StreamDeadLetters { get; } =
        Meter.CreateCounter<long>("tidemill.stream.dead_letters", "{record}", "Records put into dead letters.");

    public static Counter<long> StreamRetries { get; } =
        Meter.CreateCounter<long>("tidemill.stream.retries", "{retry}", "Batches tried again.");

    public static Histogram<double> StageDuration { get; } = Seconds("tidemill.stream.stage.duration", "Time of a batch in a stage.");

    public static Counter<long> AppendedRecords { get; } =
        Meter.CreateCounter<long>("tidemill.log.append.records", "{record}", "Records appended and acknowledged.");

    public static Histogram<double> AppendDuration { get; } =
        Seconds("tidemill.log.append.duration", "Time until an append is acknowledged.");

    public static Histogram<double> RunDuration { get; } = Seconds("tidemill.workflow.run.duration", "Time of a run that ended.");

    public static Histogram<double> AttemptDuration { get; } =
        Seconds("tidemill.workflow.attempt.duration", "Time of a task's attempt that ended.");

    public static KeyValuePair<string, object?> Stream(string name) => new("tidemill.stream.name", name);

    public static KeyValuePair<string, object?> Stage(string name) => new("tidemill.stream.stage", name);

    public static KeyValuePair<string, object?> Topic(string name) => new("messaging.destination.name", name);

    public static KeyValuePair<string, object?> Workflow(string name) => new("tidemill.workflow.name", name);

    public static KeyValuePair<string, object?> Task(string name) => new("tidemill.workflow.task", name);

    public static KeyValuePair<string, object?> Status(string name) => new("tidemill.workflow.status", name);

    // From a millisecond, a batch's time, to an hour, a run's.
    private static Histogram<double> Seconds(string name, string description) => Meter.CreateHistogram(
        name, "s", description, tags: null, new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300, 3600],
        });
}
