namespace Tidemill.Core.Logs;

/// <summary>Whether a consumer group has members, and whether they are just sharing partitions out.</summary>
public enum GroupState
{
    /// <summary>No members; positions may be set.</summary>
    Empty,

    Rebalancing,

    Stable,
}

/// <summary>A consumer group in a list.</summary>
public sealed record GroupListing(string Name, GroupState State);

/// <summary>One consumer of a group: its id within the group, the name it gave itself and the address it comes from.</summary>
public sealed record GroupMemberDescription(string Id, string ClientId, string Host, IReadOnlyList<TopicPartition> Assignment);

/// <summary>
/// A group's committed position in a partition, null when none was committed, and the partition's next offset, null when
/// the partition no longer exists.
/// </summary>
public sealed record GroupPosition(TopicPartition Partition, LogOffset? Committed, LogOffset? Next)
{
    /// <summary>Offsets not yet committed; null when either end is not known.</summary>
    public long? Lag => Committed is { } committed && Next is { } next ? Math.Max(0, next.Value - committed.Value) : null;
}

/// <summary>A consumer group as it stands; positions of every partition that has a commit or a member, by topic and partition.</summary>
public sealed record GroupDescription(
    string Name, GroupState State, IReadOnlyList<GroupMemberDescription> Members, IReadOnlyList<GroupPosition> Positions);
