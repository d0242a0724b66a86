using System.Diagnostics;
using Tidemill.Core.Logs;

namespace Tidemill.Core.Telemetry;

/// <summary>A log's producer with a span and measurements for each append; while nobody listens, the producer alone.</summary>
public sealed class MeasuredProducer(ILogProducer inner) : ILogProducer
{
    public ValueTask<IReadOnlyList<RecordPosition>> ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken) =>
        Spans.Enabled || Meters.AppendedRecords.Enabled
            ? new(MeasureAsync(topic, records, cancellationToken))
            : inner.ProduceAsync(topic, records, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private Task<IReadOnlyList<RecordPosition>> MeasureAsync(
        string topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken) =>
        Spans.TraceAsync(
            Spans.Append, ActivityKind.Producer,
            async span =>
            {
                span?.SetTag("messaging.batch.message_count", records.Count);
                var started = Stopwatch.GetTimestamp();
                var positions = await inner.ProduceAsync(topic, records, cancellationToken);
                Meters.AppendedRecords.Add(positions.Count, Meters.Topic(topic));
                Meters.AppendDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, Meters.Topic(topic));
                return positions;
            },
            Meters.Topic(topic));
}
