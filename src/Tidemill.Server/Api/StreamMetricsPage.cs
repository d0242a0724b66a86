using Tidemill.Observability.Metrics;
using Tidemill.Streaming.Status;

namespace Tidemill.Server.Api;

/// <summary>The streams' part of /metrics.</summary>
internal static class StreamMetricsPage
{
    public static void Write(MetricWriter writer, IReadOnlyList<StreamStatus> streams)
    {
        Counter("tidemill_stream_records_total", "Records committed.", s => s.Records);
        Counter("tidemill_stream_bytes_total", "Bytes of keys and values committed.", s => s.Bytes);
        Counter("tidemill_stream_batches_total", "Batches committed.", s => s.Batches);
        Counter("tidemill_stream_rows_written_total", "Rows that sinks inserted or changed.", s => s.RowsWritten);
        Counter("tidemill_stream_dead_letters_total", "Records put into dead letters.", s => s.DeadLetters);
        Counter("tidemill_stream_retries_total", "Batches tried again.", s => s.Retries);
        Gauge("tidemill_stream_lag_records", "Records in the topic that the sinks do not hold yet.", s => s.Lag);
        Gauge("tidemill_stream_records_per_second", "Records committed a second, over the last ten seconds.", s => s.RecordsPerSecond);
        Gauge("tidemill_stream_last_commit_timestamp_seconds", "Time of the last commit since the epoch, in seconds.",
            s => s.LastCommit?.ToUnixTimeMilliseconds() / 1000.0 ?? double.NaN);
        WriteStates(writer, streams);
        WriteLatencies(writer, streams);

        void Counter(string name, string help, Func<StreamStatus, double> value) => Each(writer.Counter(name, help), value);

        void Gauge(string name, string help, Func<StreamStatus, double> value) => Each(writer.Gauge(name, help), value);

        void Each(MetricWriter family, Func<StreamStatus, double> value)
        {
            foreach (var stream in streams)
                family.Sample(value(stream), ("stream", stream.Name));
        }
    }

    private static void WriteStates(MetricWriter writer, IReadOnlyList<StreamStatus> streams)
    {
        writer.Gauge("tidemill_stream_state", "1 for the state that the stream is in, 0 for the others.");
        foreach (var stream in streams)
        {
            foreach (var state in Enum.GetValues<StreamState>())
                writer.Sample(stream.State == state ? 1 : 0, ("stream", stream.Name), ("state", state.ToString().ToLowerInvariant()));
        }
    }

    // Quantiles over the last minute or so; there is no sum or count to give with them.
    private static void WriteLatencies(MetricWriter writer, IReadOnlyList<StreamStatus> streams)
    {
        writer.Summary("tidemill_stream_commit_latency_seconds", "From a record's append to its row being visible, in seconds.");
        foreach (var stream in streams)
            WriteQuantiles(writer, stream.CommitLatency, ("stream", stream.Name));

        writer.Summary("tidemill_stream_stage_seconds", "Time of a batch in each stage, in seconds.");
        foreach (var stream in streams)
        {
            foreach (var stage in stream.Stages)
                WriteQuantiles(writer, stage.Milliseconds, ("stream", stream.Name), ("stage", stage.Stage));
        }
    }

    private static void WriteQuantiles(MetricWriter writer, LatencyQuantiles milliseconds, params (string, string)[] labels) => writer
        .Quantile(0.5, milliseconds.P50 / 1000, labels)
        .Quantile(0.99, milliseconds.P99 / 1000, labels);
}
