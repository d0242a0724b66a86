namespace Tidemill.Core.Logs;

/// <summary>What a topic is created with.</summary>
public sealed record TopicSpec(string Name)
{
    /// <summary>Default 1, at least 1. More partitions let more workers read at once; the number cannot shrink.</summary>
    public int Partitions { get; init; } = 1;

    /// <summary>Records older than this may be deleted. Default: kept for ever.</summary>
    public TimeSpan? RetentionTime { get; init; }

    /// <summary>Oldest segments are deleted while a partition holds more bytes than this. Default: no bound.</summary>
    public long? RetentionBytes { get; init; }

    /// <summary>Largest record taken (key, value and headers), in bytes. Default 1 MiB, as in Kafka.</summary>
    public int MaxRecordBytes { get; init; } = 1 << 20;

    /// <summary>Default 1. Ignored by the embedded log.</summary>
    public int ReplicationFactor { get; init; } = 1;

    /// <summary>Further broker-side topic settings, passed on by name; the embedded log refuses any.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}

/// <summary>A partition as it stands: first offset still held, next offset to be given, and bytes on disk if known.</summary>
public sealed record PartitionDescription(int Partition, LogOffset Earliest, LogOffset Next, long? Bytes);

/// <summary>A topic as it stands.</summary>
public sealed record TopicDescription(string Name, IReadOnlyList<PartitionDescription> Partitions)
{
    public long Records => Partitions.Sum(p => p.Next.Value - p.Earliest.Value);
}
