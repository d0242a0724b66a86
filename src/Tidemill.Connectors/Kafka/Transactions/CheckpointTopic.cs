using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka.Transactions;

/// <summary>
/// The cluster's topic of positions, <see cref="Name"/>: compacted, written in the transactions whose records the positions
/// belong to. Key: <c>project/stream/sink/topic/partition</c>; value: the next offset to read, in decimal; partition: the
/// first four bytes of the key's SHA-256, modulo the number of partitions, which must never change. A reader that is
/// shared by all owners follows it, so that asking again costs one request.
/// </summary>
internal sealed class CheckpointTopic(KafkaLog log, TimeProvider time) : IAsyncDisposable
{
    public const string Name = "tidemill-checkpoints";

    /// <summary>
    /// A transaction that is open holds up readers of everything behind it in its partition: several keep owners out of
    /// each other's way.
    /// </summary>
    private const int Partitions = 8;

    // A commit under way ends in far less; one that hangs is not waited for where an older answer does no harm.
    private static readonly TimeSpan ShortTimeout = TimeSpan.FromMilliseconds(500);

    // The brokers' own transaction timeout, and the rhythm in which they look for it.
    private static readonly TimeSpan LongTimeout = TimeSpan.FromSeconds(45);

    private readonly SemaphoreSlim _gate = new(1);
    private readonly Dictionary<string, LogOffset> _positions = new(StringComparer.Ordinal);
    private readonly Dictionary<TopicPartition, LogOffset> _read = [];
    private ILogConsumer? _consumer;

    /// <summary>The record that moves an owner's position, in a topic of so many partitions.</summary>
    public static ProducerRecord Record(ProducerOwner owner, TopicPartition source, LogOffset position, int partitions) => new()
    {
        Key = Encoding.UTF8.GetBytes($"{owner}/{source}"),
        Value = Encoding.UTF8.GetBytes(position.ToString()),
        Partition = PartitionOf(owner, source, partitions),
    };

    /// <summary>Creates the topic if need be; returns its number of partitions.</summary>
    public async Task<int> EnsureAsync(CancellationToken cancellationToken)
    {
        if (await log.DescribeTopicAsync(Name, cancellationToken) is { } there) return there.Partitions.Count;
        var compacted = new Dictionary<string, string> { ["cleanup.policy"] = "compact" };
        var made = await log.CreateTopicAsync(new TopicSpec(Name) { Partitions = Partitions, Options = compacted }, cancellationToken);
        return made.Partitions.Count;
    }

    /// <summary>The owner's positions; transactions under way are waited for briefly, so that the latest commit may be missing.</summary>
    public Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadAsync(ProducerOwner owner, CancellationToken cancellationToken) =>
        ReadAsync(owner, null, cancellationToken);

    /// <summary>
    /// The owner's position in one partition of its source: everything committed before the call is seen. Unavailable when
    /// transactions of others, begun before, do not end in time. Null: the partition was never taken.
    /// </summary>
    public async Task<LogOffset?> ReadExactlyAsync(ProducerOwner owner, TopicPartition source, CancellationToken cancellationToken)
    {
        var positions = await ReadAsync(owner, source, cancellationToken);
        return positions.TryGetValue(source, out var held) ? held : null;
    }

    private static int PartitionOf(ProducerOwner owner, TopicPartition source, int partitions) =>
        (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{owner}/{source}"))) % (uint)partitions);

    private async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadAsync(
        ProducerOwner owner, TopicPartition? exact, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            await FollowAsync(owner, exact, cancellationToken);
            return Of(owner);
        }
        catch
        {
            await RestartAsync();
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        await RestartAsync();
        _gate.Release();
    }

    private async Task FollowAsync(ProducerOwner owner, TopicPartition? exact, CancellationToken cancellationToken)
    {
        if (_consumer is null && !await StartAsync(cancellationToken)) return;
        var wanted = exact is { } source ? [new TopicPartition(Name, PartitionOf(owner, source, _read.Count))] : _read.Keys.ToArray();
        var ends = await log.FindEndsAsync(wanted, cancellationToken);
        long started = time.GetTimestamp();
        var timeout = exact is null ? ShortTimeout : LongTimeout;
        while (ends.Any(end => _read[end.Key] < end.Value))
        {
            var left = timeout - time.GetElapsedTime(started);
            using var run = left > TimeSpan.Zero ? await _consumer!.PollAsync(left, cancellationToken) : null;
            if (run is not null)
            {
                Take(run);
                continue;
            }

            if (exact is null) return;
            throw new TidemillException(
                ErrorCode.Unavailable,
                $"A transaction at {log.Description} has been open for {LongTimeout.TotalSeconds} s: positions behind it cannot be "
                    + $"read yet.");
        }
    }

    /// <summary>False when there is no topic, and so no positions.</summary>
    private async Task<bool> StartAsync(CancellationToken cancellationToken)
    {
        if (await log.DescribeTopicAsync(Name, cancellationToken) is not { } topic) return false;
        foreach (var partition in topic.Partitions) _read[new TopicPartition(Name, partition.Partition)] = partition.Earliest;
        _consumer = log.CreateCommittedReader([.. _read.Select(p => new RecordPosition(p.Key, p.Value))]);
        return true;
    }

    private async ValueTask RestartAsync()
    {
        if (_consumer is not null) await _consumer.DisposeAsync();
        _consumer = null;
        _positions.Clear();
        _read.Clear();
    }

    private void Take(FetchedRecords run)
    {
        foreach (ref readonly var record in run.Records)
        {
            string key = Encoding.UTF8.GetString(record.Key);
            if (record.IsTombstone)
            {
                _positions.Remove(key);
            }
            else if (Utf8Parser.TryParse(record.Value, out long offset, out int used) && used == record.Value.Length)
            {
                _positions[key] = new LogOffset(offset);
            }
            else
            {
                throw new TidemillException(
                ErrorCode.DataCorrupt, $"{run.Partition}, offset {record.Offset}: this is no position that Tidemill wrote.");
            }
        }

        _read[run.Partition] = run.Next;
    }

    private Dictionary<TopicPartition, LogOffset> Of(ProducerOwner owner)
    {
        string prefix = $"{owner}/";
        var found = new Dictionary<TopicPartition, LogOffset>();
        foreach (var (key, offset) in _positions.Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            int slash = key.LastIndexOf('/');
            if (slash > prefix.Length && int.TryParse(key.AsSpan(slash + 1), out int partition))
                found[new TopicPartition(key[prefix.Length..slash], partition)] = offset;
        }

        return found;
    }
}
