using System.Collections.Concurrent;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Telemetry;
using Tidemill.Log.Checkpoints;
using Tidemill.Log.Consumers;
using Tidemill.Log.Groups;
using Tidemill.Log.Partitions;
using Tidemill.Log.Recovery;
using Tidemill.Log.Retention;
using Tidemill.Log.Storage;
using Tidemill.Log.Topics;

namespace Tidemill.Log;

/// <summary>
/// A log in a folder of this machine, for one process at a time. A record acknowledged as Durable is on disk; one
/// acknowledged as Written survives the process and reaches the disk within <see cref="EmbeddedLogOptions.FlushInterval"/>.
/// The format is described in docs/formats/log.md.
/// </summary>
public sealed class EmbeddedLog : ILog
{
    private readonly string _folder;
    private readonly EmbeddedLogOptions _options;
    private readonly TimeProvider _time;
    private readonly TopicStore _store;
    private readonly IDisposable _folderLock;
    private readonly ConcurrentDictionary<string, Topic> _topics = new(StringComparer.Ordinal);
    private readonly GroupRegistry _groups;
    private readonly CheckpointStore _checkpoints;
    private readonly SemaphoreSlim _topicChange = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private Task _background = Task.CompletedTask;
    private int _closed;

    private EmbeddedLog(
        IFileSystem files, string folder, EmbeddedLogOptions options, TimeProvider time, TopicStore store, IDisposable folderLock)
    {
        this._folder = folder;
        this._options = options;
        this._time = time;
        this._store = store;
        this._folderLock = folderLock;
        Buffers = new FetchBufferPool(time);
        _checkpoints = new CheckpointStore(this, files, folder, time);
        _groups = new GroupRegistry(files, folder, t => _topics.TryGetValue(t, out var topic) ? topic.Partitions : []);
    }

    public string Description => $"embedded log in {_folder}";

    /// <summary>What opening cut off torn tails: records never acknowledged as durable. Empty after a clean stop.</summary>
    public IReadOnlyList<TailTruncation> Truncations { get; private set; } = [];

    internal FetchBufferPool Buffers { get; }

    /// <summary>Opens the log, creating the folder if need be, and recovers every partition.</summary>
    /// <exception cref="TidemillException">
    /// DataFolderLocked when another process has the folder; DataCorrupt, naming file and position, when records
    /// acknowledged as durable are damaged (nothing is changed then); ConfigurationInvalid; DiskFull, AccessDenied or
    /// Unavailable when the folder cannot be used.
    /// </exception>
    public static Task<EmbeddedLog> OpenAsync(
        string folder, EmbeddedLogOptions options, TimeProvider time, CancellationToken cancellationToken) =>
        OpenAsync(DiskFileSystem.Instance, folder, options, time, cancellationToken);

    internal static async Task<EmbeddedLog> OpenAsync(
        IFileSystem files, string folder, EmbeddedLogOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var errors = options.Validate();
        if (errors.Count > 0) throw TidemillException.Configuration(errors);
        try
        {
            var log = await Task.Run(() => Open(files, folder, options, time, cancellationToken), cancellationToken);
            await log.RecoverCheckpointsAsync(cancellationToken);
            return log;
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            throw StorageErrors.From($"open the log in {folder}", error);
        }
    }

    public async Task<TopicDescription> CreateTopicAsync(TopicSpec spec, CancellationToken cancellationToken)
    {
        var metadata = TopicMetadata.From(spec);
        return await ChangeTopicsAsync($"create topic {spec.Name}", () => Task.FromResult(Create(metadata).Describe()), cancellationToken);
    }

    public Task<IReadOnlyList<string>> ListTopicsAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return Task.FromResult<IReadOnlyList<string>>([.. _topics.Keys.Order(StringComparer.Ordinal)]);
    }

    public Task<TopicDescription?> DescribeTopicAsync(string topic, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return Task.FromResult(_topics.TryGetValue(topic, out var found) ? found.Describe() : null);
    }

    public Task DeleteTopicAsync(string topic, CancellationToken cancellationToken) =>
        ChangeTopicsAsync($"delete topic {topic}", () => DeleteAsync(topic), cancellationToken);

    public Task<LogOffset> FindOffsetAsync(TopicPartition partition, DateTimeOffset timestamp, CancellationToken cancellationToken)
    {
        var found = Partition(partition);
        return Task.Run(
            () => new LogOffset(OffsetSearch.Run(found, Buffers, timestamp.ToUnixTimeMilliseconds(), cancellationToken)),
            cancellationToken);
    }

    public Task<IReadOnlyList<GroupListing>> ListGroupsAsync(CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return Task.FromResult(_groups.List());
    }

    public Task<GroupDescription?> DescribeGroupAsync(string group, CancellationToken cancellationToken)
    {
        ThrowIfClosed();
        return Task.FromResult(_groups.Describe(group));
    }

    public Task SetGroupPositionsAsync(string group, IReadOnlyCollection<RecordPosition> positions, CancellationToken cancellationToken) =>
        ChangeTopicsAsync($"set the positions of group {group}", () => Task.FromResult(SetPositions(group, positions)), cancellationToken);

    public ILogProducer CreateProducer(ProducerOptions options)
    {
        ThrowIfClosed();
        return new MeasuredProducer(new LogProducer(this, options, _time));
    }

    public ICheckpointedProducer CreateCheckpointedProducer(ProducerOwner owner)
    {
        ThrowIfClosed();
        return new CheckpointedProducer(this, _checkpoints, owner);
    }

    public ILogConsumer CreateConsumer(ConsumerOptions options)
    {
        ThrowIfClosed();
        return new LogConsumer(this, options, _time);
    }

    /// <summary>Refuses new appends, finishes and flushes those under way, wakes waiting readers and frees the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closed, 1) != 0) return;
        await _stopping.CancelAsync();
        await _checkpoints.DisposeAsync();
        await _topicChange.WaitAsync();
        try
        {
            await _background;
            await Task.WhenAll(_topics.Values.Select(t => t.CloseAsync(ClosedError(), flush: true)));
            _groups.Flush();
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            throw StorageErrors.From($"flush the log in {_folder} on close", error);
        }
        finally
        {
            _folderLock.Dispose();
            _topicChange.Release();
            _stopping.Dispose();
        }
    }

    internal Topic Topic(string name)
    {
        ThrowIfClosed();
        return _topics.TryGetValue(name, out var found) ? found : throw NoTopic(name);
    }

    internal PartitionLog Partition(TopicPartition partition)
    {
        var topic = Topic(partition.Topic);
        return (uint)partition.Partition < (uint)topic.Partitions.Count
            ? topic.Partitions[partition.Partition]
            : throw new TidemillException(
                ErrorCode.NotFound,
                $"Topic {partition.Topic} has {topic.Partitions.Count} partitions; {partition.Partition} is not one of them.");
    }

    internal ConsumerGroup Group(string name) => _groups.Group(name);

    internal void ThrowIfClosed()
    {
        if (Volatile.Read(ref _closed) != 0) throw ClosedError();
    }

    /// <summary>Deletes what the topics need no longer keep; the log also does so by itself.</summary>
    internal int ApplyRetention() => _topics.Values.Sum(t => RetentionSweep.Run(t, _time.GetUtcNow()));

    private static EmbeddedLog Open(
        IFileSystem files, string folder, EmbeddedLogOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        files.CreateFolder(folder);
        var held = FolderLock.Take(files, folder);
        try
        {
            var log = new EmbeddedLog(files, folder, options, time, new TopicStore(files, folder, options), held);
            List<TailTruncation> truncations = [];
            foreach (var topic in log._store.OpenAll(truncations, cancellationToken)) log._topics[topic.Metadata.Name] = topic;
            log.Truncations = truncations;
            log._background = Task.WhenAll(
                log.RunEveryAsync(options.FlushInterval, log.FlushWritten),
                log.RunEveryAsync(options.RetentionInterval, () => log.ApplyRetention()));
            return log;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private async Task RecoverCheckpointsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _checkpoints.RecoverAsync(cancellationToken);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    private Topic Create(TopicMetadata metadata)
    {
        if (!_topics.TryGetValue(metadata.Name, out var topic)) return _topics[metadata.Name] = _store.Create(metadata);
        if (topic.Partitions.Count == metadata.Partitions) return topic;
        throw new TidemillException(
            ErrorCode.SchemaConflict,
            $"Topic {metadata.Name} exists with {topic.Partitions.Count} partitions; {metadata.Partitions} were asked for.");
    }

    private async Task<bool> DeleteAsync(string name)
    {
        if (!_topics.TryRemove(name, out var topic)) throw NoTopic(name);
        await topic.CloseAsync(NoTopic(name), flush: false);
        _store.Delete(name);
        _groups.Forget(name);
        return true;
    }

    private bool SetPositions(string group, IReadOnlyCollection<RecordPosition> positions)
    {
        _groups.SetPositions(group, positions);
        return true;
    }

    private async Task<T> ChangeTopicsAsync<T>(string action, Func<Task<T>> change, CancellationToken cancellationToken)
    {
        await _topicChange.WaitAsync(cancellationToken);
        try
        {
            ThrowIfClosed();
            return await change();
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            throw StorageErrors.From(action, error);
        }
        finally
        {
            _topicChange.Release();
        }
    }

    // A failed round (a full disk, say) is tried again in the next; appends meet and report the same failure.
    private async Task RunEveryAsync(TimeSpan interval, Action round)
    {
        using var timer = new PeriodicTimer(interval, _time);
        while (await NextAsync(timer))
        {
            try
            {
                round();
            }
            catch (Exception error) when (StorageErrors.IsStorageError(error) || error is TidemillException or ObjectDisposedException)
            {
                continue;
            }
        }
    }

    private async ValueTask<bool> NextAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private void FlushWritten()
    {
        foreach (var partition in _topics.Values.SelectMany(t => t.Partitions)) partition.Flush();
        _groups.Flush();
    }

    private static TidemillException NoTopic(string name) => new(ErrorCode.NotFound, $"There is no topic {name}.");

    private TidemillException ClosedError() => new(ErrorCode.InvalidRequest, $"The log in {_folder} is closed.");
}
