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
    private readonly Lock _gate = new();
    private readonly List<GroupMember> _members = [];
    private readonly Dictionary<TopicPartition, GroupMember> _owners = [];
    private readonly Dictionary<GroupMember, HashSet<TopicPartition>> _targets = [];
    private int _generation;
    private int _joined;
    private long _commitVersion;

    public int Generation => Volatile.Read(ref _generation);

    /// <summary>Grows with each change of the committed positions.</summary>
    public long CommitVersion => Interlocked.Read(ref _commitVersion);

    public bool Exists
    {
        get
        {
            lock (_gate) return _members.Count > 0 || committed.Count > 0;
        }
    }

    public GroupState State
    {
        get
        {
            lock (_gate)
            {
                if (_members.Count == 0) return GroupState.Empty;
                bool shared = _members.TrueForAll(m => _targets[m].All(p => _owners.GetValueOrDefault(p) == m))
                    && _owners.All(o => _targets[o.Value].Contains(o.Key));
                return shared ? GroupState.Stable : GroupState.Rebalancing;
            }
        }
    }

    public IReadOnlyDictionary<TopicPartition, LogOffset> Committed
    {
        get
        {
            lock (_gate) return new Dictionary<TopicPartition, LogOffset>(committed);
        }
    }

    public IReadOnlyList<GroupMemberDescription> Members
    {
        get
        {
            lock (_gate)
            {
                return [.. _members.Select(m => new GroupMemberDescription(
                    m.Id, "tidemill", "localhost", [.. _owners.Where(o => o.Value == m).Select(o => o.Key).OrderBy(p => p.Partition)]))];
            }
        }
    }

    public GroupMember Join(IReadOnlyCollection<string> topics, WakeSignal signal)
    {
        var member = new GroupMember(this, $"member-{Interlocked.Increment(ref _joined)}", topics, signal);
        lock (_gate)
        {
            _members.Add(member);
            Share();
        }

        return member;
    }

    public void Leave(GroupMember member)
    {
        lock (_gate)
        {
            _members.Remove(member);
            foreach (var partition in _owners.Where(o => o.Value == member).Select(o => o.Key).ToArray()) _owners.Remove(partition);
            Share();
        }
    }

    /// <summary>Makes the member the owner of what it is assigned; it must <see cref="Release"/> what it is to give up.</summary>
    public GroupChange NextChange(GroupMember member)
    {
        lock (_gate)
        {
            var target = _targets[member];
            TopicPartition[] revoked = [.. _owners.Where(o => o.Value == member && !target.Contains(o.Key)).Select(o => o.Key)];
            TopicPartition[] assigned = [.. target.Where(p => !_owners.ContainsKey(p))];
            foreach (var partition in assigned) _owners[partition] = member;
            return new GroupChange(_generation, revoked, assigned);
        }
    }

    public void Release(GroupMember member, IReadOnlyCollection<TopicPartition> partitions)
    {
        lock (_gate)
        {
            foreach (var partition in partitions.Where(p => _owners.GetValueOrDefault(p) == member)) _owners.Remove(partition);
            Changed();
        }
    }

    /// <summary>Notes the positions of the partitions that the member owns.</summary>
    public void Commit(GroupMember member, IReadOnlyCollection<RecordPosition> positions)
    {
        lock (_gate) Note(positions.Where(p => _owners.GetValueOrDefault(p.Partition) == member));
    }

    /// <summary>Notes the positions unless the group has members; false then.</summary>
    public bool TrySet(IReadOnlyCollection<RecordPosition> positions)
    {
        lock (_gate)
        {
            if (_members.Count > 0) return false;
            Note(positions);
            return true;
        }
    }

    public void Forget(string topic)
    {
        lock (_gate)
        {
            foreach (var partition in committed.Keys.Where(p => p.Topic == topic).ToArray()) committed.Remove(partition);
            Interlocked.Increment(ref _commitVersion);
        }
    }

    private void Note(IEnumerable<RecordPosition> positions)
    {
        foreach (var position in positions) committed[position.Partition] = position.Offset;
        Interlocked.Increment(ref _commitVersion);
    }

    private void Share()
    {
        var topics = _members.SelectMany(m => m.Topics).Distinct(StringComparer.Ordinal).ToDictionary(t => t, partitionsOf);
        var shares = RangeAssignor.Assign([.. _members.Select(m => m.Topics)], topics);
        _targets.Clear();
        for (int i = 0; i < _members.Count; i++) _targets[_members[i]] = [.. shares[i]];
        Changed();
    }

    private void Changed()
    {
        Volatile.Write(ref _generation, _generation + 1);
        foreach (var member in _members) member.Signal.Set();
    }
}

/// <summary>One consumer's membership.</summary>
internal sealed class GroupMember(ConsumerGroup group, string id, IReadOnlyCollection<string> topics, WakeSignal signal)
{
    private int _seen = -1;

    public string Id => id;

    public IReadOnlyCollection<string> Topics => topics;

    public WakeSignal Signal => signal;

    /// <summary>Whether the group has changed since the last <see cref="CaughtUp"/>.</summary>
    public bool IsBehind => _seen != group.Generation;

    public GroupChange NextChange() => group.NextChange(this);

    public void Release(IReadOnlyCollection<TopicPartition> partitions) => group.Release(this, partitions);

    public void Commit(IReadOnlyCollection<RecordPosition> positions) => group.Commit(this, positions);

    /// <summary>An owner that lets go later begins a new generation, so a change that is not yet complete need not be asked for
    /// again.</summary>
    public void CaughtUp(GroupChange change) => _seen = change.Generation;

    public void Leave() => group.Leave(this);
}
