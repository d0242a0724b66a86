using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Pipeline;

/// <summary>Part of a run of records, seen as a run of its own. The memory stays with the whole, which must outlive it.</summary>
internal sealed class FetchedSlice(FetchedRecords whole, int start, int count) : FetchedRecords
{
    public override TopicPartition Partition => whole.Partition;

    public override ReadOnlySpan<RecordRef> Records => whole.Records.Slice(start, count);

    /// <summary>The whole's end when the slice reaches it, else the first record after the slice.</summary>
    public override LogOffset Next =>
        start + count == whole.Records.Length ? whole.Next : new LogOffset(whole.Records[start + count].Offset);

    public override long Bytes
    {
        get
        {
            long bytes = 0;
            foreach (ref readonly var record in Records)
                bytes += record.Key.Length + record.Value.Length;

            return bytes;
        }
    }

    public override IReadOnlyList<RecordHeader> Headers(int index) => whole.Headers(start + index);

    protected override void Dispose(bool disposing)
    {
    }
}
