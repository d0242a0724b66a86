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
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(500);

    // The brokers' own transaction timeout, and the rhythm in which they look for it.
    private static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(45);

    private readonly SemaphoreSlim gate = new(1);
    private readonly Dictionary<string, LogOffset> positions = new(StringComparer.Ordinal);
    private readonly Dictionary<TopicPartition, LogOffset> read = [];
    private ILogConsumer? consumer;

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
        if (await log.DescribeTopicAsync(Name, cancellationToken).ConfigureAwait(false) is { } there) return there.Partitions.Count;
        var compacted = new Dictionary<string, string> { ["cleanup.policy"] = "compact" };
        var made = await log.CreateTopicAsync(new TopicSpec(Name) { Partitions = Partitions, Options = compacted }, cancellationToken).ConfigureAwait(false);
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
        var positions = await ReadAsync(owner, source, cancellationToken).ConfigureAwait(false);
        return positions.TryGetValue(source, out var held) ? held : null;
    }

    private static int PartitionOf(ProducerOwner owner, TopicPartition source, int partitions) =>
        (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{owner}/{source}"))) % (uint)partitions);

    private async Task<IReadOnlyDictionary<TopicPartition, LogOffset>> ReadAsync(ProducerOwner owner, TopicPartition? exact, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await FollowAsync(owner, exact, cancellationToken).ConfigureAwait(false);
            return Of(owner);
        }
        catch
        {
            await RestartAsync().ConfigureAwait(false);
            throw;
        }
        finally
        {
            gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await gate.WaitAsync().ConfigureAwait(false);
        await RestartAsync().ConfigureAwait(false);
        gate.Release();
    }

    private async Task FollowAsync(ProducerOwner owner, TopicPartition? exact, CancellationToken cancellationToken)
    {
        if (consumer is null && !await StartAsync(cancellationToken).ConfigureAwait(false)) return;
        var wanted = exact is { } source ? [new TopicPartition(Name, PartitionOf(owner, source, read.Count))] : read.Keys.ToArray();
        var ends = await log.FindEndsAsync(wanted, cancellationToken).ConfigureAwait(false);
        long started = time.GetTimestamp();
        var patience = exact is null ? ShortPatience : LongPatience;
        while (ends.Any(end => read[end.Key] < end.Value))
        {
            var left = patience - time.GetElapsedTime(started);
            using var run = left > TimeSpan.Zero ? await consumer!.PollAsync(left, cancellationToken).ConfigureAwait(false) : null;
            if (run is not null) Take(run);
            else if (exact is null) return;
            else throw new TidemillException(
                ErrorCode.Unavailable, $"A transaction at {log.Description} has been open for {LongPatience.TotalSeconds} s: positions behind it cannot be read yet.");
        }
    }

    /// <summary>False when there is no topic, and so no positions.</summary>
    private async Task<bool> StartAsync(CancellationToken cancellationToken)
    {
        if (await log.DescribeTopicAsync(Name, cancellationToken).ConfigureAwait(false) is not { } topic) return false;
        foreach (var partition in topic.Partitions) read[new TopicPartition(Name, partition.Partition)] = partition.Earliest;
        consumer = log.CreateCommittedReader([.. read.Select(p => new RecordPosition(p.Key, p.Value))]);
        return true;
    }

    private async ValueTask RestartAsync()
    {
        if (consumer is not null) await consumer.DisposeAsync().ConfigureAwait(false);
        consumer = null;
        positions.Clear();
        read.Clear();
    }

    private void Take(FetchedRecords run)
    {
        foreach (ref readonly var record in run.Records)
        {
            string key = Encoding.UTF8.GetString(record.Key);
            if (record.IsTombstone) positions.Remove(key);
            else if (Utf8Parser.TryParse(record.Value, out long offset, out int used) && used == record.Value.Length) positions[key] = new LogOffset(offset);
            else throw new TidemillException(ErrorCode.DataCorrupt, $"{run.Partition}, offset {record.Offset}: this is no position that Tidemill wrote.");
        }

        read[run.Partition] = run.Next;
    }

    private Dictionary<TopicPartition, LogOffset> Of(ProducerOwner owner)
    {
        string prefix = $"{owner}/";
        var found = new Dictionary<TopicPartition, LogOffset>();
        foreach (var (key, offset) in positions.Where(p => p.Key.StartsWith(prefix, StringComparison.Ordinal)))
        {
            int slash = key.LastIndexOf('/');
            if (slash > prefix.Length && int.TryParse(key.AsSpan(slash + 1), out int partition))
            {
                found[new TopicPartition(key[prefix.Length..slash], partition)] = offset;
            }
        }

        return found;
    }
}
