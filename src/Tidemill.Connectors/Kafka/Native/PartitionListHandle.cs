using System.Runtime.InteropServices;
using System.Text;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka.Native;

/// <summary>A partition list handed to librdkafka, freed with this.</summary>
internal sealed unsafe class PartitionListHandle : IDisposable
{
    public PartitionListHandle(IReadOnlyCollection<TopicPartition> partitions)
    {
        List = KafkaApi.PartitionListNew(partitions.Count);
        foreach (var partition in partitions) Add(partition);
    }

    public PartitionListHandle(IReadOnlyCollection<RecordPosition> positions)
    {
        List = KafkaApi.PartitionListNew(positions.Count);
        foreach (var position in positions) Add(position.Partition)->Offset = position.Offset.Value;
    }

    public PartitionList* List { get; private set; }

    /// <summary>The partitions of a list that librdkafka owns.</summary>
    public static TopicPartition[] Read(PartitionList* list)
    {
        var partitions = new TopicPartition[list is null ? 0 : list->Count];
        for (int i = 0; i < partitions.Length; i++)
            partitions[i] = new TopicPartition(Marshal.PtrToStringUTF8((nint)list->Items[i].Topic)!, list->Items[i].Id);

        return partitions;
    }

    public void Dispose()
    {
        if (List is null) return;
        KafkaApi.PartitionListDestroy(List);
        List = null;
    }

    private Partition* Add(TopicPartition partition)
    {
        // SAFETY: librdkafka copies the name; the item belongs to the list.
        fixed (byte* topic = Encoding.UTF8.GetBytes(partition.Topic + '\0'))
            return KafkaApi.PartitionListAdd(List, topic, partition.Partition);
    }
}
