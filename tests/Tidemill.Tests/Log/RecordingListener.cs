using Tidemill.Core.Logs;

namespace Tidemill.Tests.Log;

/// <summary>Remembers what it was told, and checks that nothing is assigned twice or revoked unowned.</summary>
public sealed class RecordingListener : IRebalanceListener
{
    public HashSet<TopicPartition> Owned { get; } = [];

    public Dictionary<TopicPartition, LogOffset> Positions { get; } = [];

    public ValueTask<IReadOnlyDictionary<TopicPartition, LogOffset>> AssignedAsync(
        IReadOnlyCollection<TopicPartition> partitions, CancellationToken cancellationToken)
    {
        foreach (var partition in partitions) Assert.True(Owned.Add(partition), $"{partition} was assigned twice");
        return new(Positions);
    }

    public ValueTask RevokedAsync(IReadOnlyCollection<TopicPartition> partitions, bool lost, CancellationToken cancellationToken)
    {
        foreach (var partition in partitions) Assert.True(Owned.Remove(partition), $"{partition} was revoked but not owned");
        return default;
    }
}
