using System.Collections.Concurrent;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Partitions;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Groups;

/// <summary>Every group of the log, with its committed positions, which survive the process.</summary>
internal sealed class GroupRegistry
{
    private readonly IFileSystem _files;
    private readonly string _folder;
    private readonly Func<string, IReadOnlyList<PartitionLog>> _partitionsOf;
    private readonly ConcurrentDictionary<string, ConsumerGroup> _groups = new(StringComparer.Ordinal);
    private readonly Lock _writing = new();
    private long _writtenVersion;

    /// <param name="files">The log's file system.</param>
    /// <param name="folder">The log's folder.</param>
    /// <param name="partitionsOf">A topic's partitions; none once it is deleted.</param>
    /// <exception cref="TidemillException">DataCorrupt when the stored positions cannot be read.</exception>
    public GroupRegistry(IFileSystem files, string folder, Func<string, IReadOnlyList<PartitionLog>> partitionsOf)
    {
        this._files = files;
        this._folder = folder;
        this._partitionsOf = partitionsOf;
        foreach (var (name, positions) in GroupPositionsFile.Read(files, folder)) _groups[name] = new ConsumerGroup(Count, positions);
    }

    public ConsumerGroup Group(string name) => _groups.GetOrAdd(name, _ => new ConsumerGroup(Count, []));

    public IReadOnlyList<GroupListing> List() =>
    [
        .. _groups.Where(
            g => g.Value.Exists).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new GroupListing(g.Key, g.Value.State)),
    ];

    public GroupDescription? Describe(string name)
    {
        if (!_groups.TryGetValue(name, out var group) || !group.Exists) return null;
        var committed = group.Committed;
        var members = group.Members;
        var partitions = committed.Keys.Union(members.SelectMany(m => m.Assignment))
            .OrderBy(p => p.Topic, StringComparer.Ordinal).ThenBy(p => p.Partition);
        return new GroupDescription(name, group.State, members, [.. partitions.Select(p => new GroupPosition(
            p, committed.TryGetValue(p, out var offset) ? offset : null, Find(p)?.Describe().Next))]);
    }

    /// <exception cref="TidemillException">InvalidRequest, NotFound, OffsetOutOfRange, as
    /// <see cref="ILog.SetGroupPositionsAsync"/> says.</exception>
    public void SetPositions(string name, IReadOnlyCollection<RecordPosition> positions)
    {
        foreach (var position in positions) Check(position);
        if (!Group(name).TrySet(positions))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"Group {name} has members, which would not notice: stop them, then set its positions.");
        }

        Flush();
    }

    /// <summary>A deleted topic's positions go with it.</summary>
    public void Forget(string topic)
    {
        foreach (var group in _groups.Values) group.Forget(topic);
    }

    /// <summary>Writes the positions when some have changed since the last time.</summary>
    public void Flush()
    {
        lock (_writing)
        {
            long version = _groups.Values.Sum(g => g.CommitVersion);
            if (version == _writtenVersion) return;
            GroupPositionsFile.Write(_files, _folder, _groups
                .Select(g => KeyValuePair.Create(g.Key, g.Value.Committed)).Where(g => g.Value.Count > 0));
            _writtenVersion = version;
        }
    }

    private void Check(RecordPosition position)
    {
        var found = Find(position.Partition)?.Describe()
            ?? throw new TidemillException(ErrorCode.NotFound, $"There is no partition {position.Partition}.");
        if (position.Offset >= found.Earliest && position.Offset <= found.Next) return;
        throw new TidemillException(
            ErrorCode.OffsetOutOfRange,
            $"{position.Partition} holds offsets {found.Earliest} to {found.Next}; {position.Offset} is not among them.");
    }

    private int Count(string topic) => _partitionsOf(topic).Count;

    private PartitionLog? Find(TopicPartition partition)
    {
        var partitions = _partitionsOf(partition.Topic);
        return (uint)partition.Partition < (uint)partitions.Count ? partitions[partition.Partition] : null;
    }
}
