using System.Collections;
using Tidemill.Core.Logs;

namespace Tidemill.Log.Partitions;

/// <summary>Positions of one call's records in one partition: they follow each other, so two numbers say all.</summary>
internal sealed class ConsecutivePositions(TopicPartition partition, long first, int count) : IReadOnlyList<RecordPosition>
{
    public int Count => count;

    public RecordPosition this[int index] => (uint)index < (uint)count
        ? new RecordPosition(partition, new LogOffset(first + index))
        : throw new ArgumentOutOfRangeException(nameof(index));

    public IEnumerator<RecordPosition> GetEnumerator()
    {
        for (int i = 0; i < count; i++) yield return this[i];
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
