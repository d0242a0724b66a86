using Confluent.Kafka;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka.Producing;

/// <summary>One call's records under way; completes when each has its position, or fails with the first error once all are answered.</summary>
internal sealed class ProduceOperation(string topic, int count)
{
    private readonly TaskCompletionSource<IReadOnlyList<RecordPosition>> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RecordPosition[] positions = new RecordPosition[count];
    private Error? failure;
    private int left = count;

    public string Topic => topic;

    public Task<IReadOnlyList<RecordPosition>> Completion => completion.Task;

    /// <summary>Comes on librdkafka's delivery thread, once for each record.</summary>
    public void Complete(int index, DeliveryReport<byte[]?, byte[]?> report)
    {
        if (report.Error.IsError)
        {
            Interlocked.CompareExchange(ref failure, report.Error, null);
        }
        else
        {
            positions[index] = new RecordPosition(new(topic, report.Partition.Value), new LogOffset(report.Offset.Value));
        }

        if (Interlocked.Decrement(ref left) > 0) return;
        if (failure is { } error)
        {
            completion.TrySetException(new KafkaException(error));
        }
        else
        {
            completion.TrySetResult(positions);
        }
    }
}
