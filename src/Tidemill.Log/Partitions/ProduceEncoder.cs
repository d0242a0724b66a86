using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Segments;
using Tidemill.Log.Topics;

namespace Tidemill.Log.Partitions;

/// <summary>One call's records on their way into batches, per partition and in order.</summary>
internal sealed class ProduceEncoder(Topic topic, Acknowledgement acknowledgement, int keylessPartition, DateTimeOffset now)
{
    private readonly Target[] _targets = new Target[topic.Partitions.Count];
    private readonly long _nowMs = now.ToUnixTimeMilliseconds();

    // Partition of each record; null while all go to one.
    private int[]? _partitions;
    private int _recordCount;
    private int _singlePartition;

    public ProduceOperation Operation { get; } = new();

    /// <summary>Bytes of each record that do not count against the topic's largest one. Default 0.</summary>
    public int UncountedBytes { get; init; }

    /// <summary>Checks every record before the first is encoded, then encodes all.</summary>
    public void Encode(ReadOnlySpan<ProducerRecord> records)
    {
        _recordCount = records.Length;
        for (int i = 0; i < records.Length; i++) Measure(records[i], i);
        for (int i = 0; i < records.Length; i++) Add(records[i], _partitions is null ? _singlePartition : _partitions[i]);
        for (int i = 0; i < _targets.Length; i++)
        {
            if (_targets[i].Current is not null) Seal(i);
        }
    }

    /// <summary>Hands over the batches that wait for a common fsync. Written ones have gone as they filled, still warm in the
    /// cache.</summary>
    public void HandOver()
    {
        for (int i = 0; acknowledgement == Acknowledgement.Durable && i < _targets.Length; i++)
        {
            if (_targets[i].Batches is { } batches) topic.Partitions[i].Append(batches);
        }

        Operation.AllHandedOver();
    }

    /// <summary>Frees batches that wait for <see cref="HandOver"/> and will not be handed over.</summary>
    public void Discard()
    {
        foreach (var batch in _targets.SelectMany(t => t.Batches ?? [])) batch.Batch.Dispose();
    }

    /// <summary>Where the records went; once <see cref="Operation"/> has completed.</summary>
    public IReadOnlyList<RecordPosition> Positions()
    {
        if (_partitions is null && _targets[_singlePartition].AreConsecutive)
            return new ConsecutivePositions(Partition(_singlePartition), _targets[_singlePartition].Batches![0].BaseOffset, _recordCount);

        var positions = new RecordPosition[_recordCount];
        for (int i = 0; i < positions.Length; i++)
        {
            int partition = _partitions is null ? _singlePartition : _partitions[i];
            positions[i] = new RecordPosition(Partition(partition), new LogOffset(_targets[partition].TakeOffset()));
        }

        return positions;
    }

    private TopicPartition Partition(int index) => topic.Partitions[index].Partition;

    private void Measure(in ProducerRecord record, int index)
    {
        int partition = Choose(record, index);
        if (index == 0) _singlePartition = partition;
        else if (_partitions is null && partition != _singlePartition) SplitAt(index);
        _partitions?[index] = partition;
        long size = RecordBatchWriter.Size(record);
        if (size - UncountedBytes > topic.Metadata.MaxRecordBytes)
        {
            throw new TidemillException(
                ErrorCode.RecordTooLarge,
                $"Record {index} for topic {topic.Metadata.Name} has {size - UncountedBytes} bytes; the topic takes "
                    + $"{topic.Metadata.MaxRecordBytes}. None was appended.");
        }

        _targets[partition].BytesLeft += RecordBatchWriter.Bound(record, size);
    }

    private int Choose(in ProducerRecord record, int index)
    {
        int count = _targets.Length;
        if (record.Partition is not { } chosen)
            return record.Key is { } key ? Partitioner.ForKey(key.Span, count) : keylessPartition;

        return (uint)chosen < (uint)count ? chosen : throw new TidemillException(
            ErrorCode.InvalidRequest,
            $"Record {index} asks for partition {chosen} of topic {topic.Metadata.Name}, which has {count}. None was appended.");
    }

    private void SplitAt(int index)
    {
        _partitions = new int[_recordCount];
        _partitions.AsSpan(0, index).Fill(_singlePartition);
    }

    private void Add(in ProducerRecord record, int partition)
    {
        ref var target = ref _targets[partition];
        long bound = RecordBatchWriter.Bound(record, RecordBatchWriter.Size(record));
        if (target.Current is { } full && !full.Fits(bound)) Seal(partition);
        target.Current ??= new RecordBatchWriter(Capacity(bound, target.BytesLeft));
        target.Current.Add(record, record.Timestamp?.ToUnixTimeMilliseconds() ?? _nowMs);
        target.BytesLeft -= bound;
    }

    // A small call takes a small buffer; a record larger than a batch gets one of its own.
    private int Capacity(long bound, long left) =>
        checked((int)(BatchHeader.Bytes + Math.Max(bound, Math.Min(left, topic.BatchBytes - BatchHeader.Bytes))));

    private void Seal(int partition)
    {
        ref var target = ref _targets[partition];
        target.Current!.Finish();
        var batch = new PendingBatch(target.Current, acknowledgement, Operation);
        (target.Batches ??= []).Add(batch);
        target.Current = null;
        if (acknowledgement == Acknowledgement.Written) topic.Partitions[partition].Append([batch]);
    }

    private struct Target
    {
        public RecordBatchWriter? Current;
        public List<PendingBatch>? Batches;
        public long BytesLeft;
        private int _batch;
        private int _taken;

        /// <summary>Whether no other producer's batch came between.</summary>
        public readonly bool AreConsecutive =>
            Batches!.Zip(Batches!.Skip(1)).All(b => b.First.BaseOffset + b.First.Count == b.Second.BaseOffset);

        /// <summary>The offset of the target's next record, in the order they were added.</summary>
        public long TakeOffset()
        {
            if (_taken == Batches![_batch].Count) (_batch, _taken) = (_batch + 1, 0);
            return Batches[_batch].BaseOffset + _taken++;
        }
    }
}
