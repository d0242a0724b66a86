using System.Runtime.InteropServices;

namespace Tidemill.Connectors.Kafka.Native;

/// <summary>rd_kafka_message_t. For an error, <see cref="Error"/> is not 0 and Value holds its text.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MessageView
{
    public int Error;
    public nint Topic;
    public int Partition;
    public byte* Value;
    public nuint ValueLength;
    public byte* Key;
    public nuint KeyLength;
    public long Offset;
    public nint Private;
}

/// <summary>rd_kafka_topic_partition_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Partition
{
    public byte* Topic;
    public int Id;
    public long Offset;
    public nint Metadata;
    public nuint MetadataSize;
    public nint Opaque;
    public int Error;
    public nint Private;
}

/// <summary>rd_kafka_topic_partition_list_t.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct PartitionList
{
    public int Count;
    public int Size;
    public Partition* Items;
}
