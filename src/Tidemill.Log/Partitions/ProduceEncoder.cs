using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Segments;
using Tidemill.Log.Topics;

namespace Tidemill.Log.Partitions;

/// <summary>One call's records on their way into batches, per partition and in order.</summary>
internal sealed class ProduceEncoder(Topic topic, Acknowledgement acknowledgement, int keylessPartition, DateTimeOffset now)
{
    private readonly Target[] targets = new Target[topic.Partitions.Count];
    private readonly long nowMs = now.ToUnixTimeMilliseconds();

    // Partition of each record; null while all go to one.
    private int[]? partitions;
    private int recordCount;
    private int singlePartition;

    public ProduceOperation Operation { get; } = new();

    /// <summary>Bytes of each record that do not count against the topic's largest one. Default 0.</summary>
    public int UncountedBytes { get; init; }

    /// <summary>Checks every record before the first is encoded, then encodes all.</summary>
    public void Encode(ReadOnlySpan<ProducerRecord> records)
    {
        recordCount = records.Length;
        for (int i = 0; i < records.Length; i++) Measure(records[i], i);
        for (int i = 0; i < records.Length; i++) Add(records[i], partitions is null ? singlePartition : partitions[i]);
        for (int i = 0; i < targets.Length; i++)
        {
            if (targets[i].Current is not null) Seal(i);
        }
    }

    /// <summary>Hands over the batches that wait for a common fsync. Written ones have gone as they filled, still warm in the cache.</summary>
    public void HandOver()
    {
        for (int i = 0; acknowledgement == Acknowledgement.Durable && i < targets.Length; i++)
        {
            if (targets[i].Batches is { } batches) topic.Partitions[i].Append(batches);
        }

        Operation.AllHandedOver();
    }

    /// <summary>Frees batches that wait for <see cref="HandOver"/> and will not be handed over.</summary>
    public void Discard()
    {
        foreach (var batch in targets.SelectMany(t => t.Batches ?? [])) batch.Batch.Dispose();
    }

    /// <summary>Where the records went; once <see cref="Operation"/> has completed.</summary>
    public IReadOnlyList<RecordPosition> Positions()
    {
        if (partitions is null && targets[singlePartition].AreConsecutive)
        {
            return new ConsecutivePositions(Partition(singlePartition), targets[singlePartition].Batches![0].BaseOffset, recordCount);
        }

        var positions = new RecordPosition[recordCount];
        for (int i = 0; i < positions.Length; i++)
        {
            int partition = partitions is null ? singlePartition : partitions[i];
            positions[i] = new RecordPosition(Partition(partition), new LogOffset(targets[partition].TakeOffset()));
        }

        return positions;
    }

    private TopicPartition Partition(int index) => topic.Partitions[index].Partition;

    private void Measure(in ProducerRecord record, int index)
    {
        int partition = Choose(record, index);
        if (index == 0) singlePartition = partition;
        else if (partitions is null && partition != singlePartition) SplitAt(index);
        partitions?[index] = partition;
        long size = BatchWriter.Size(record);
        if (size - UncountedBytes > topic.Metadata.MaxRecordBytes)
        {
            throw new TidemillException(
                ErrorCode.RecordTooLarge,
                $"Record {index} for topic {topic.Metadata.Name} has {size - UncountedBytes} bytes; the topic takes {topic.Metadata.MaxRecordBytes}. None was appended.");
        }

        targets[partition].BytesLeft += BatchWriter.Bound(record, size);
    }

    private int Choose(in ProducerRecord record, int index)
    {
        int count = targets.Length;
        if (record.Partition is not { } chosen)
        {
            return record.Key is { } key ? Partitioner.ForKey(key.Span, count) : keylessPartition;
        }

        return (uint)chosen < (uint)count ? chosen : throw new TidemillException(
            ErrorCode.InvalidRequest,
            $"Record {index} asks for partition {chosen} of topic {topic.Metadata.Name}, which has {count}. None was appended.");
    }

    private void SplitAt(int index)
    {
        partitions = new int[recordCount];
        partitions.AsSpan(0, index).Fill(singlePartition);
    }

    private void Add(in ProducerRecord record, int partition)
    {
        ref var target = ref targets[partition];
        long bound = BatchWriter.Bound(record, BatchWriter.Size(record));
        if (target.Current is { } full && !full.Fits(bound)) Seal(partition);
        target.Current ??= new BatchWriter(Capacity(bound, target.BytesLeft));
        target.Current.Add(record, record.Timestamp?.ToUnixTimeMilliseconds() ?? nowMs);
        target.BytesLeft -= bound;
    }

    // A small call takes a small buffer; a record larger than a batch gets one of its own.
    private int Capacity(long bound, long left) => checked((int)(BatchHeader.Bytes + Math.Max(bound, Math.Min(left, topic.BatchBytes - BatchHeader.Bytes))));

    private void Seal(int partition)
    {
        ref var target = ref targets[partition];
        target.Current!.Finish();
        var batch = new PendingBatch(target.Current, acknowledgement, Operation);
        (target.Batches ??= []).Add(batch);
        target.Current = null;
        if (acknowledgement == Acknowledgement.Written) topic.Partitions[partition].Append([batch]);
    }

    private struct Target
    {
        public BatchWriter? Current;
        public List<PendingBatch>? Batches;
        public long BytesLeft;
        private int batch;
        private int taken;

        /// <summary>Whether no other producer's batch came between.</summary>
        public readonly bool AreConsecutive => Batches!.Zip(Batches!.Skip(1)).All(b => b.First.BaseOffset + b.First.Count == b.Second.BaseOffset);

        /// <summary>The offset of the target's next record, in the order they were added.</summary>
        public long TakeOffset()
        {
            if (taken == Batches![batch].Count) (batch, taken) = (batch + 1, 0);
            return Batches[batch].BaseOffset + taken++;
        }
    }
}
