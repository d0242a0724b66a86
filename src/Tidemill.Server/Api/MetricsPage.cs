using System.Globalization;
using Tidemill.Core.Logs;
using Tidemill.Observability.Metrics;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>Everything /metrics says. Names are part of the product: changing one breaks dashboards and alerts.</summary>
internal static class MetricsPage
{
    public static async Task<string> WriteAsync(ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var writer = new MetricWriter();
        writer.Gauge("tidemill_info", "The running project; always 1.").Sample(
            1, ("project", runtime.Project.Name), ("target", runtime.Project.Target.Name),
            ("version", typeof(MetricsPage).Assembly.GetName().Version!.ToString(3)));
        writer.Gauge("tidemill_warehouse_up", "1 while the warehouse is open, 0 while it is waited for.")
            .Sample(runtime.Gate.IsOpen ? 1 : 0);
        StreamMetricsPage.Write(writer, runtime.StreamStatus());
        WorkflowMetricsPage.Write(writer, runtime.WorkflowStatus(), runtime.RunCounts);
        await WriteTopicsAsync(writer, runtime.Log, cancellationToken);
        ProcessMetrics.Write(writer);
        return writer.ToString();
    }

    private static async Task WriteTopicsAsync(MetricWriter writer, ILog log, CancellationToken cancellationToken)
    {
        var topics = await log.DescribeTopicsAsync(await log.ListTopicsAsync(cancellationToken), cancellationToken);
        List<(PartitionDescription Partition, (string, string)[] Labels)> partitions =
            [.. topics.SelectMany(topic => topic.Partitions.Select(p => (p, Labels(topic.Name, p.Partition))))];
        Write("tidemill_topic_earliest_offset", "First offset still held.", p => p.Earliest.Value);
        Write("tidemill_topic_next_offset", "Next offset to be given.", p => p.Next.Value);
        Write("tidemill_topic_records", "Records held.", p => p.Next.Value - p.Earliest.Value);
        Write("tidemill_topic_bytes", "Bytes on disk, where the log knows them.", p => p.Bytes ?? double.NaN);

        void Write(string name, string help, Func<PartitionDescription, double> value)
        {
            writer.Gauge(name, help);
            foreach (var (partition, labels) in partitions)
                writer.Sample(value(partition), labels);
        }
    }

    private static (string, string)[] Labels(string topic, int partition) =>
        [("topic", topic), ("partition", partition.ToString(CultureInfo.InvariantCulture))];
}
