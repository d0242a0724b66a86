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
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);

    // By batch bytes: one, but for topics whose largest record is smaller than a batch.
    private readonly Dictionary<int, SharedClient<IProducer<byte[]?, byte[]?>>> _clients = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    public async ValueTask<IReadOnlyList<RecordPosition>> ProduceAsync(
        string topic, IReadOnlyList<ProducerRecord> records, CancellationToken cancellationToken)
    {
        var limits = await log.LimitsOfAsync(topic, cancellationToken);
        for (int i = 0; i < records.Count; i++) Check(topic, limits, records[i], i);
        if (records.Count == 0) return [];
        int batchBytes = Math.Min(BatchBytes, limits.MaxRequestBytes);
        var shared = Client(batchBytes);
        var operation = new ProduceOperation(topic, records.Count);
        try
        {
            for (int i = 0; i < records.Count; i++) await SendAsync(shared.Client, operation, records[i], i, cancellationToken);
            return await operation.Completion.WaitAsync(cancellationToken);
        }
        catch (KafkaException error)
        {
            if (error.Error.IsFatal) Discard(batchBytes, shared);
            throw log.Explain($"append to {topic}", error);
        }
        finally
        {
            shared.Release();
        }
    }

    /// <summary>Calls under way that the brokers do not answer are not waited for long; they keep the client until they end.</summary>
    public async ValueTask DisposeAsync()
    {
        SharedClient<IProducer<byte[]?, byte[]?>>[] last;
        lock (_gate)
        {
            _disposed = true;
            last = [.. _clients.Values];
            _clients.Clear();
        }

        await Task.Run(() =>
        {
            foreach (var shared in last)
            {
                shared.Client.Flush(CloseTimeout);
                shared.Release();
            }
        });
        await Task.WhenAny(Task.WhenAll(last.Select(c => c.Gone)), Task.Delay(CloseTimeout, time));
    }

    private async ValueTask SendAsync(
        IProducer<byte[]?, byte[]?> client,
        ProduceOperation operation, ProducerRecord record, int index, CancellationToken cancellationToken)
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
                await Task.Delay(FullQueueWait, time, cancellationToken);
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
            throw new TidemillException(
                ErrorCode.NotFound, $"Topic {topic} has {limits.Partitions} partitions; {partition} is not one of them.");
        }

        long bytes = TopicLimits.BytesOf(record);
        if (bytes > limits.MaxRequestBytes)
        {
            throw new TidemillException(
                ErrorCode.RecordTooLarge,
                $"Record {index} has {bytes} bytes with its framing; topic {topic} takes at most {limits.MaxRequestBytes}.");
        }
    }

    /// <summary>Referenced: the caller releases it.</summary>
    private SharedClient<IProducer<byte[]?, byte[]?>> Client(int batchBytes)
    {
        lock (_gate)
        {
            if (_disposed) throw new TidemillException(ErrorCode.InvalidRequest, "The producer is closed.");
            if (!_clients.TryGetValue(batchBytes, out var shared))
            {
                _clients.Add(
                    batchBytes,
                    shared = new SharedClient<IProducer<byte[]?, byte[]?>>(log.BuildProducer(options.Acknowledgement, batchBytes)));
            }

            shared.AddReference();
            return shared;
        }
    }

    /// <summary>A producer that met a fatal error refuses everything from then on: the next call begins a new one.</summary>
    private void Discard(int batchBytes, SharedClient<IProducer<byte[]?, byte[]?>> broken)
    {
        lock (_gate)
        {
            if (!_clients.TryGetValue(batchBytes, out var current) || current != broken) return;
            _clients.Remove(batchBytes);
        }

        broken.Release();
    }
}
