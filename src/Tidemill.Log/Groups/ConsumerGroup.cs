using Tidemill.Core.Logs;

namespace Tidemill.Log.Groups;

/// <summary>What a member must give up and gets.</summary>
internal sealed record GroupChange(
    int Generation, IReadOnlyCollection<TopicPartition> Revoked, IReadOnlyCollection<TopicPartition> Assigned);

/// <summary>
/// The members of one group in this process. Who should own what changes at once when a member joins or leaves, but a
/// partition passes on only when its owner has let it go, so that two members never work on it at a time.
/// </summary>
/// <param name="partitionsOf">A topic's partitions; 0 once it is deleted, which its readers are told when they poll.</param>
/// <param name="committed">The positions that the group had committed when the log was closed; owned by the group.</param>
internal sealed class ConsumerGroup(Func<string, int> partitionsOf, Dictionary<TopicPartition, LogOffset> committed)
{
    private readonly Lock gate = new();
    private readonly List<GroupMember> members = [];
    private readonly Dictionary<TopicPartition, GroupMember> owners = [];
    private readonly Dictionary<GroupMember, HashSet<TopicPartition>> targets = [];
    private int generation;
    private int joined;
    private long commitVersion;

    public int Generation => Volatile.Read(ref generation);

    /// <summary>Grows with each change of the committed positions.</summary>
    public long CommitVersion => Interlocked.Read(ref commitVersion);

    public bool Exists
    {
        get
        {
            lock (gate) return members.Count > 0 || committed.Count > 0;
        }
    }

    public GroupState State
    {
        get
        {
            lock (gate)
            {
                if (members.Count == 0) return GroupState.Empty;
                bool shared = members.TrueForAll(m => targets[m].All(p => owners.GetValueOrDefault(p) == m))
                    && owners.All(o => targets[o.Value].Contains(o.Key));
                return shared ? GroupState.Stable : GroupState.Rebalancing;
            }
        }
    }

    public IReadOnlyDictionary<TopicPartition, LogOffset> Committed
    {
        get
        {
            lock (gate) return new Dictionary<TopicPartition, LogOffset>(committed);
        }
    }

    public IReadOnlyList<GroupMemberDescription> Members
    {
        get
        {
            lock (gate)
            {
                return [.. members.Select(m => new GroupMemberDescription(
                    m.Id, "tidemill", "localhost", [.. owners.Where(o => o.Value == m).Select(o => o.Key).OrderBy(p => p.Partition)]))];
            }
        }
    }

    public GroupMember Join(IReadOnlyCollection<string> topics, WakeSignal signal)
    {
        var member = new GroupMember(this, $"member-{Interlocked.Increment(ref joined)}", topics, signal);
        lock (gate)
        {
            members.Add(member);
            Share();
        }

        return member;
    }

    public void Leave(GroupMember member)
    {
        lock (gate)
        {
            members.Remove(member);
            foreach (var partition in owners.Where(o => o.Value == member).Select(o => o.Key).ToArray()) owners.Remove(partition);
            Share();
        }
    }

    /// <summary>Makes the member the owner of what it is assigned; it must <see cref="Release"/> what it is to give up.</summary>
    public GroupChange NextChange(GroupMember member)
    {
        lock (gate)
        {
            var target = targets[member];
            TopicPartition[] revoked = [.. owners.Where(o => o.Value == member && !target.Contains(o.Key)).Select(o => o.Key)];
            TopicPartition[] assigned = [.. target.Where(p => !owners.ContainsKey(p))];
            foreach (var partition in assigned) owners[partition] = member;
            return new GroupChange(generation, revoked, assigned);
        }
    }

    public void Release(GroupMember member, IReadOnlyCollection<TopicPartition> partitions)
    {
        lock (gate)
        {
            foreach (var partition in partitions.Where(p => owners.GetValueOrDefault(p) == member)) owners.Remove(partition);
            Changed();
        }
    }

    /// <summary>Notes the positions of the partitions that the member owns.</summary>
    public void Commit(GroupMember member, IReadOnlyCollection<RecordPosition> positions)
    {
        lock (gate) Note(positions.Where(p => owners.GetValueOrDefault(p.Partition) == member));
    }

    /// <summary>Notes the positions unless the group has members; false then.</summary>
    public bool TrySet(IReadOnlyCollection<RecordPosition> positions)
    {
        lock (gate)
        {
            if (members.Count > 0) return false;
            Note(positions);
            return true;
        }
    }

    public void Forget(string topic)
    {
        lock (gate)
        {
            foreach (var partition in committed.Keys.Where(p => p.Topic == topic).ToArray()) committed.Remove(partition);
            Interlocked.Increment(ref commitVersion);
        }
    }

    private void Note(IEnumerable<RecordPosition> positions)
    {
        foreach (var position in positions) committed[position.Partition] = position.Offset;
        Interlocked.Increment(ref commitVersion);
    }

    private void Share()
    {
        var topics = members.SelectMany(m => m.Topics).Distinct(StringComparer.Ordinal).ToDictionary(t => t, partitionsOf);
        var shares = RangeAssignor.Assign([.. members.Select(m => m.Topics)], topics);
        targets.Clear();
        for (int i = 0; i < members.Count; i++) targets[members[i]] = [.. shares[i]];
        Changed();
    }

    private void Changed()
    {
        Volatile.Write(ref generation, generation + 1);
        foreach (var member in members) member.Signal.Set();
    }
}

/// <summary>One consumer's membership.</summary>
internal sealed class GroupMember(ConsumerGroup group, string id, IReadOnlyCollection<string> topics, WakeSignal signal)
{
    private int seen = -1;

    public string Id => id;

    public IReadOnlyCollection<string> Topics => topics;

    public WakeSignal Signal => signal;

    /// <summary>Whether the group has changed since the last <see cref="CaughtUp"/>.</summary>
    public bool IsBehind => seen != group.Generation;

    public GroupChange NextChange() => group.NextChange(this);

    public void Release(IReadOnlyCollection<TopicPartition> partitions) => group.Release(this, partitions);

    public void Commit(IReadOnlyCollection<RecordPosition> positions) => group.Commit(this, positions);

    /// <summary>An owner that lets go later begins a new generation, so a change that is not yet complete need not be asked for again.</summary>
    public void CaughtUp(GroupChange change) => seen = change.Generation;

    public void Leave() => group.Leave(this);
}
