using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka.Transactions;

/// <summary>
/// Records and positions in one transaction. Each partition of the source has a transactional id of its own: whoever takes
/// the partition over thereby fences its former owner, whose transaction can no longer be committed.
/// </summary>
internal sealed class KafkaCheckpointedProducer(KafkaLog log, CheckpointTopic checkpoints, ProducerOwner owner, TimeProvider time)
    : ICheckpointedProducer
{
    private readonly Dictionary<TopicPartition, PartitionTransactions> _partitions = [];
    private int? _checkpointPartitions;
    private bool _disposed;

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadPositionsAsync(CancellationToken cancellationToken) =>
        checkpoints.ReadAsync(owner, cancellationToken);

    public async Task ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, OffsetRange range, CancellationToken cancellationToken)
    {
        if (_disposed) throw new TidemillException(ErrorCode.InvalidRequest, "The producer is closed.");
        var limits = await log.LimitsOfAsync(topic, cancellationToken);
        for (int i = 0; i < records.Count; i++) Producing.KafkaProducer.Check(topic, limits, records[i], i);
        int count = _checkpointPartitions ??= await checkpoints.EnsureAsync(cancellationToken);
        if (!_partitions.TryGetValue(range.Partition, out var transactions))
            _partitions[range.Partition] = transactions = new PartitionTransactions(log, checkpoints, count, owner, range.Partition, time);

        await transactions.ProduceAsync(topic, records, range, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _disposed = true;
        await Task.WhenAll(_partitions.Values.Select(p => Task.Run(p.Dispose)));
        _partitions.Clear();
    }
}
