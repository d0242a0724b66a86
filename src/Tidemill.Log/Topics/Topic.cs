using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Partitions;

namespace Tidemill.Log.Topics;

/// <summary>An open topic.</summary>
internal sealed class Topic(TopicMetadata metadata, IReadOnlyList<PartitionLog> partitions, int batchBytes)
{
    public TopicMetadata Metadata { get; } = metadata;

    public IReadOnlyList<PartitionLog> Partitions { get; } = partitions;

    public int BatchBytes { get; } = batchBytes;

    public TopicDescription Describe() => new(Metadata.Name, [.. Partitions.Select(p => p.Describe())])
    {
        Settings = new TopicSettings
        {
            RetentionTime = Metadata.RetentionMs is { } ms ? TimeSpan.FromMilliseconds(ms) : null,
            RetentionBytes = Metadata.RetentionBytes,
            MaxRecordBytes = Metadata.MaxRecordBytes,
        },
    };

    public Task CloseAsync(TidemillException reason, bool flush) =>
        Task.WhenAll(Partitions.Select(p => Task.Run(() => p.CloseAsync(reason, flush))));
}
