using Confluent.Kafka;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka.Producing;

/// <summary>One call's records under way; completes when each has its position, or fails with the first error once all are
/// answered.</summary>
internal sealed class ProduceOperation(string topic, int count)
{
    private readonly TaskCompletionSource<IReadOnlyList<RecordPosition>> _completion = new(
        TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly RecordPosition[] _positions = new RecordPosition[count];
    private Error? _failure;
    private int _left = count;

    public string Topic => topic;

    public Task<IReadOnlyList<RecordPosition>> Completion => _completion.Task;

    /// <summary>Comes on librdkafka's delivery thread, once for each record.</summary>
    public void Complete(int index, DeliveryReport<byte[]?, byte[]?> report)
    {
        if (report.Error.IsError)
            Interlocked.CompareExchange(ref _failure, report.Error, null);
        else
            _positions[index] = new RecordPosition(new(topic, report.Partition.Value), new LogOffset(report.Offset.Value));

        if (Interlocked.Decrement(ref _left) > 0) return;
        if (_failure is { } error)
            _completion.TrySetException(new KafkaException(error));
        else
            _completion.TrySetResult(_positions);
    }
}
