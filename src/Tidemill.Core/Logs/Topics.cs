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

    /// <summary>Brokers that hold each partition. Null: as the connection says, else the broker's default. No effect on the
    /// embedded log.</summary>
    public int? ReplicationFactor { get; init; }

    /// <summary>Further broker-side topic settings, passed on by name; the embedded log refuses any.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}

/// <summary>A partition as it stands: first offset still held, next offset to be given, and bytes on disk if known.</summary>
public sealed record PartitionDescription(int Partition, LogOffset Earliest, LogOffset Next, long? Bytes)
{
    /// <summary>The brokers that hold it; null for a log without brokers.</summary>
    public PartitionReplicas? Replicas { get; init; }
}

/// <summary>Ids of the brokers that hold a partition. Leader is null while there is none.</summary>
public sealed record PartitionReplicas(int? Leader, IReadOnlyList<int> Brokers, IReadOnlyList<int> InSync);

/// <summary>A topic's settings as they stand, in the terms of <see cref="TopicSpec"/>.</summary>
public sealed record TopicSettings
{
    /// <summary>Null: kept for ever.</summary>
    public TimeSpan? RetentionTime { get; init; }

    /// <summary>Null: no bound.</summary>
    public long? RetentionBytes { get; init; }

    /// <summary>Null when the log does not say: a broker that refuses to show its settings.</summary>
    public int? MaxRecordBytes { get; init; }

    public int ReplicationFactor { get; init; } = 1;

    /// <summary>Further settings that the topic was given, by the log's own names.</summary>
    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();
}

/// <summary>A topic as it stands.</summary>
public sealed record TopicDescription(string Name, IReadOnlyList<PartitionDescription> Partitions)
{
    public TopicSettings Settings { get; init; } = new();

    public IReadOnlyList<TopicPartition> TopicPartitions() => [.. Partitions.Select(p => new TopicPartition(Name, p.Partition))];

    public long Records => Partitions.Sum(p => p.Next.Value - p.Earliest.Value);
}
