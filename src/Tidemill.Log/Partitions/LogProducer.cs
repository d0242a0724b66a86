using System.Runtime.InteropServices;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Topics;

namespace Tidemill.Log.Partitions;

/// <summary>
/// Encodes records on the caller's thread, so that several producers share the work, and hands the batches to their
/// partitions. The records' memory is copied before the call returns its task. Records without a key or
/// partition go together to one partition a call, the next call's to the next.
/// </summary>
internal sealed class LogProducer(EmbeddedLog log, ProducerOptions options, TimeProvider time) : ILogProducer
{
    private int _turn = -1;
    private volatile bool _disposed;

    public ValueTask<IReadOnlyList<RecordPosition>> ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_disposed) throw new TidemillException(ErrorCode.InvalidRequest, "The producer is closed.");
        var target = log.Topic(topic);
        if (records.Count == 0) return new([]);
        return new(ProduceAsync(target, records, cancellationToken));
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return default;
    }

    private Task<IReadOnlyList<RecordPosition>> ProduceAsync(
        Topic topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken)
    {
        ReadOnlySpan<ProducerRecord> span = records switch
        {
            ProducerRecord[] array => array,
            List<ProducerRecord> list => CollectionsMarshal.AsSpan(list),
            _ => records.ToArray(),
        };
        int keyless = (int)((uint)Interlocked.Increment(ref _turn) % (uint)topic.Partitions.Count);
        var encoder = new ProduceEncoder(topic, options.Acknowledgement, keyless, time.GetUtcNow());
        encoder.Encode(span);
        encoder.HandOver();
        return AwaitAsync(encoder, cancellationToken);
    }

    private static async Task<IReadOnlyList<RecordPosition>> AwaitAsync(ProduceEncoder encoder, CancellationToken cancellationToken)
    {
        await encoder.Operation.Completion.WaitAsync(cancellationToken);
        return encoder.Positions();
    }
}
