using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Confluent.Kafka;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;
using KafkaCode = Confluent.Kafka.ErrorCode;

namespace Tidemill.Connectors.Kafka.Producing;

/// <summary>
/// Appends by librdkafka, which batches and compresses records of all calls together. Durable: idempotent, acknowledged
/// by all in-sync replicas. Written: acknowledged by the leader.
/// </summary>
internal sealed class KafkaProducer(KafkaLog log, ProducerOptions options, TimeProvider time) : ILogProducer
{
    /// <summary>Bytes of a batch, unless the topic takes only smaller ones.</summary>
    private const int BatchBytes = 1_000_000;

    private static readonly TimeSpan FullQueueWait = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(5);

    // By batch bytes: one, but for topics whose largest record is smaller than a batch.
    private readonly ConcurrentDictionary<int, Lazy<IProducer<byte[]?, byte[]?>>> clients = new();
    private volatile bool disposed;

    public async ValueTask<IReadOnlyList<RecordPosition>> ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken)
    {
        if (disposed) throw new TidemillException(ErrorCode.InvalidRequest, "The producer is closed.");
        var limits = await log.LimitsOfAsync(topic, cancellationToken).ConfigureAwait(false);
        for (int i = 0; i < records.Count; i++) Check(topic, limits, records[i], i);
        if (records.Count == 0) return [];
        int batchBytes = Math.Min(BatchBytes, limits.MaxRequestBytes);
        var client = Client(batchBytes);
        var operation = new ProduceOperation(topic, records.Count);
        try
        {
            for (int i = 0; i < records.Count; i++) await SendAsync(client, operation, records[i], i, cancellationToken).ConfigureAwait(false);
            return await operation.Completion.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (KafkaException error)
        {
            if (error.Error.IsFatal) Discard(batchBytes, client);
            throw log.Explain($"append to {topic}", error);
        }
    }

    public ValueTask DisposeAsync()
    {
        if (disposed) return default;
        disposed = true;
        return new ValueTask(Task.Run(() =>
        {
            foreach (var client in clients.Values.Where(c => c.IsValueCreated)) Close(client.Value);
            clients.Clear();
        }));
    }

    private async ValueTask SendAsync(
        IProducer<byte[]?, byte[]?> client, ProduceOperation operation, ProducerRecord record, int index, CancellationToken cancellationToken)
    {
        var target = new Confluent.Kafka.TopicPartition(operation.Topic, record.Partition ?? Partition.Any);
        var message = Message(record);
        while (true)
        {
            try
            {
                client.Produce(target, message, report => operation.Complete(index, report));
                return;
            }
            catch (KafkaException error) when (error.Error.Code == KafkaCode.Local_QueueFull)
            {
                await Task.Delay(FullQueueWait, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    internal static Message<byte[]?, byte[]?> Message(ProducerRecord record)
    {
        var message = new Message<byte[]?, byte[]?> { Key = Array(record.Key), Value = Array(record.Value) };
        if (record.Timestamp is { } timestamp) message.Timestamp = new Timestamp(timestamp);
        if (record.Headers is { Count: > 0 } headers)
        {
            message.Headers = [];
            foreach (var header in headers) message.Headers.Add(header.Name, Array(header.Value));
        }

        return message;
    }

    /// <summary>The array behind the memory when it is all of it; librdkafka copies the bytes before Produce returns.</summary>
    private static byte[]? Array(ReadOnlyMemory<byte>? bytes) => bytes is not { } memory
        ? null
        : MemoryMarshal.TryGetArray(memory, out var segment) && segment.Count == segment.Array!.Length ? segment.Array : memory.ToArray();

    internal static void Check(string topic, TopicLimits limits, ProducerRecord record, int index)
    {
        if (record.Partition is { } partition && (uint)partition >= (uint)limits.Partitions)
        {
            throw new TidemillException(ErrorCode.NotFound, $"Topic {topic} has {limits.Partitions} partitions; {partition} is not one of them.");
        }

        long bytes = TopicLimits.BytesOf(record);
        if (bytes > limits.MaxRequestBytes)
        {
            throw new TidemillException(
                ErrorCode.RecordTooLarge, $"Record {index} has {bytes} bytes with its framing; topic {topic} takes at most {limits.MaxRequestBytes}.");
        }
    }

    private IProducer<byte[]?, byte[]?> Client(int batchBytes) =>
        clients.GetOrAdd(batchBytes, bytes => new Lazy<IProducer<byte[]?, byte[]?>>(() => log.BuildProducer(options.Acknowledgement, bytes))).Value;

    /// <summary>A producer that met a fatal error refuses everything from then on: the next call begins a new one.</summary>
    private void Discard(int batchBytes, IProducer<byte[]?, byte[]?> client)
    {
        if (clients.TryGetValue(batchBytes, out var current) && ReferenceEquals(current.Value, client)
            && clients.TryRemove(KeyValuePair.Create(batchBytes, current)))
        {
            client.Dispose();
        }
    }

    private static void Close(IProducer<byte[]?, byte[]?> client)
    {
        client.Flush(ClosePatience);
        client.Dispose();
    }
}
