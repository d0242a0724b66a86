using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Partitions;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Checkpoints;

/// <summary>
/// One owner's checkpoint. A call is three durable steps: the file with the intent, the records, the file with the new
/// position and no intent. Whatever stops it in between, the next call or the next opening of the log reads the file again
/// and finishes what it finds: an intent that reached the disk always happens, whole and once.
/// </summary>
internal sealed class OwnerCheckpoint(
    EmbeddedLog log, IFileSystem files, string folder, string name, ProducerOwner owner, TimeProvider time)
    : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);

    // Null: not known before the file is read again.
    private IReadOnlyDictionary<TopicPartition, LogOffset>? _positions;
    private int _turn = -1;

    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadAsync(CancellationToken cancellationToken) =>
        AloneAsync(LoadAsync, cancellationToken);

    public Task ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, OffsetRange range, CancellationToken cancellationToken) =>
        AloneAsync(async () =>
        {
            var held = await LoadAsync();
            if (held.TryGetValue(range.Partition, out var position) && position != range.Start)
            {
                throw new TidemillException(
                    ErrorCode.CheckpointFenced,
                    $"{range.Partition}: the checkpoint of {owner} is {position}, not {range.Start}: another session was here.");
            }

            cancellationToken.ThrowIfCancellationRequested();
            if (records.Count == 0) return Move(held, range);
            var intent = Plan(log.Topic(topic), records, range);
            // Whatever the topic refuses is refused here, before the intent binds.
            var encoder = Encode(intent.Topic, intent.Records);
            // From here on a failure leaves open what the disk holds.
            _positions = null;
            Bind(held, intent, encoder);
            await AppendAsync(encoder);
            return Move(held, range);
        }, cancellationToken);

    /// <summary>Waits for the call under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        _gate.Dispose();
    }

    /// <summary>The positions; finishes an intent that the file holds.</summary>
    private async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> LoadAsync()
    {
        if (_positions is not null) return _positions;
        string path = Path.Combine(folder, name);
        if (!files.FileExists(path)) return _positions = new Dictionary<TopicPartition, LogOffset>();
        var content = CheckpointContent.Read(AtomicFile.ReadAll(files, path), path);
        if (content.Intent is not { } intent) return _positions = content.Positions;
        if (await log.DescribeTopicAsync(intent.Topic, default) is not null)
        {
            var placed = Placed(content, intent);
            var missing = await MissingAsync(placed);
            if (missing.Count > 0) await AppendAsync(Encode(intent.Topic, missing));
        }

        return Move(content.Positions, intent.Range);
    }

    private Intent Plan(Topics.Topic target, IReadOnlyList<ProducerRecord> records, OffsetRange range)
    {
        int keyless = (int)((uint)Interlocked.Increment(ref _turn) % (uint)target.Partitions.Count);
        var (id, now) = (Guid.NewGuid(), time.GetUtcNow());
        var header = HiddenHeader.Of(id);
        var marked = new ProducerRecord[records.Count];
        for (int i = 0; i < marked.Length; i++)
        {
            var record = records[i];
            int partition = record.Partition ?? (record.Key is { } key ? Partitioner.ForKey(key.Span, target.Partitions.Count) : keyless);
            marked[i] = HiddenHeader.Mark(record, header) with { Partition = partition, Timestamp = record.Timestamp ?? now };
        }

        var ends = marked.Select(r => r.Partition!.Value).Distinct().Where(p => (uint)p < (uint)target.Partitions.Count)
            .ToDictionary(p => p, p => target.Partitions[p].End.Offset);
        return new Intent(id, range, target.Metadata.Name, ends, marked);
    }

    /// <summary>
    /// A power cut may have taken records behind which the intent's were to come. They then come earlier, and where must be
    /// on disk before they are: a second crash looks for them there.
    /// </summary>
    private Intent Placed(CheckpointContent content, Intent intent)
    {
        var ends = intent.Ends.ToDictionary(e => e.Key, e => Math.Min(e.Value, log.Partition(new(intent.Topic, e.Key)).End.Offset));
        if (ends.All(e => e.Value == intent.Ends[e.Key])) return intent;
        var placed = intent with { Ends = ends };
        Write(content with { Intent = placed });
        return placed;
    }

    /// <summary>Records of the intent that are not in the log: each partition's last ones, since they are appended in order.</summary>
    private async Task<IReadOnlyList<ProducerRecord>> MissingAsync(Intent intent)
    {
        var found = new Dictionary<int, int>();
        foreach (var (partition, end) in intent.Ends) found[partition] = await CountAsync(intent, partition, end);
        return [.. intent.Records.Where(r => found[r.Partition!.Value]-- <= 0)];
    }

    private async Task<int> CountAsync(Intent intent, int number, long end)
    {
        var partition = new TopicPartition(intent.Topic, number);
        var start = new LogOffset(Math.Max(end, log.Partition(partition).Earliest));
        int count = 0;
        await using var consumer = log.CreateConsumer(new ConsumerOptions { Assignment = [new RecordPosition(partition, start)] });
        while (await consumer.PollAsync(TimeSpan.Zero, default) is { } run)
        {
            using (run)
            {
                var records = (Consumers.RecordRun)run;
                count += Enumerable.Range(0, records.Count).Count(i => HiddenHeader.Is(records.AllHeaders(i), intent.Id));
            }
        }

        return count;
    }

    private static Task AppendAsync(ProduceEncoder encoder)
    {
        encoder.HandOver();
        return encoder.Operation.Completion;
    }

    private ProduceEncoder Encode(string topic, IReadOnlyList<ProducerRecord> records)
    {
        var encoder = new ProduceEncoder(
            log.Topic(topic), Acknowledgement.Durable, 0, time.GetUtcNow())
        { UncountedBytes = HiddenHeader.Bytes };
        encoder.Encode([.. records]);
        return encoder;
    }

    private void Bind(IReadOnlyDictionary<TopicPartition, LogOffset> held, Intent intent, ProduceEncoder encoder)
    {
        try
        {
            Write(new CheckpointContent(owner, held, intent));
        }
        catch
        {
            encoder.Discard();
            throw;
        }
    }

    private IReadOnlyDictionary<TopicPartition, LogOffset> Move(IReadOnlyDictionary<TopicPartition, LogOffset> held, OffsetRange range)
    {
        _positions = null;
        var moved = new Dictionary<TopicPartition, LogOffset>(held) { [range.Partition] = range.End };
        Write(new CheckpointContent(owner, moved, null));
        return _positions = moved;
    }

    private void Write(CheckpointContent content) => AtomicFile.Replace(files, folder, name, content.Serialize(), durable: true);

    private async Task<T> AloneAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            log.ThrowIfClosed();
            return await Task.Run(action, CancellationToken.None);
        }
        catch (Exception error) when (StorageErrors.IsStorageError(error))
        {
            throw StorageErrors.From($"move the checkpoint of {owner}", error);
        }
        finally
        {
            _gate.Release();
        }
    }
}
