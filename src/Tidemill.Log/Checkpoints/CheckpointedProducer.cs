using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Log.Checkpoints;

/// <summary>Sessions of one owner share its checkpoint: the second one meets the first one's position.</summary>
internal sealed class CheckpointedProducer(EmbeddedLog log, CheckpointStore store, ProducerOwner owner) : ICheckpointedProducer
{
    private volatile bool _disposed;

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(CancellationToken cancellationToken)
    {
        Check();
        return store.Of(owner).ReadAsync(cancellationToken);
    }

    public Task ProduceAsync(string topic, IReadOnlyList<ProducerRecord> records, OffsetRange range, CancellationToken cancellationToken)
    {
        Check();
        log.Topic(topic);
        return store.Of(owner).ProduceAsync(topic, records, range, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _disposed = true;
        return default;
    }

    private void Check()
    {
        if (_disposed) throw new TidemillException(ErrorCode.InvalidRequest, "The producer is closed.");
        log.ThrowIfClosed();
    }
}
