using System.Buffers;
using System.Runtime.InteropServices;
using Tidemill.Connectors.Kafka.Native;
using Tidemill.Core.Logs;

namespace Tidemill.Connectors.Kafka.Consuming;

/// <summary>Records in librdkafka's own memory, without a copy; disposing frees each message there.</summary>
internal sealed unsafe class KafkaRecords : FetchedRecords
{
    private readonly ConsumerClient _client;
    private readonly int _count;
    private nint[] _messages;
    private RecordRef[] _records;

    /// <param name="client">Kept alive until this is disposed.</param>
    /// <param name="partition">Partition of all messages.</param>
    /// <param name="messages">Messages without errors, owned from here on; the array comes from the shared pool.</param>
    /// <param name="count">How many of the array's elements are messages.</param>
    /// <param name="next">Where reading goes on; at least the last message's offset plus one.</param>
    public KafkaRecords(ConsumerClient client, TopicPartition partition, nint[] messages, int count, LogOffset next)
    {
        this._client = client;
        this._messages = messages;
        this._count = count;
        Partition = partition;
        Next = next;
        _records = ArrayPool<RecordRef>.Shared.Rent(count);
        client.AddReference();
        int kind;
        for (int i = 0; i < count; i++)
        {
            // SAFETY: the message stays valid, and its bytes in place, until MessageDestroy in Dispose. A null pointer is
            // how librdkafka tells a missing key or value from an empty one.
            var message = (MessageView*)messages[i];
            int keyLength = message->Key is null ? -1 : (int)message->KeyLength;
            int valueLength = message->Value is null ? -1 : (int)message->ValueLength;
            long timestamp = KafkaApi.MessageTimestamp(message, &kind);
            _records[i] = new RecordRef(message->Key, keyLength, message->Value, valueLength, message->Offset, timestamp);
            Bytes += Math.Max(0, keyLength) + Math.Max(0, valueLength);
        }
    }

    public override TopicPartition Partition { get; }

    public override ReadOnlySpan<RecordRef> Records => _records.AsSpan(0, _count);

    public override LogOffset Next { get; }

    public override long Bytes { get; }

    public override IReadOnlyList<RecordHeader> Headers(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)_count, nameof(index));
        nint headers;
        if (KafkaApi.MessageHeaders((MessageView*)_messages[index], &headers) != 0) return [];
        List<RecordHeader> read = [];
        byte* name;
        byte* value;
        nuint length;
        // SAFETY: names and values belong to the message and are copied here.
        while (KafkaApi.HeaderGetAll(headers, (nuint)read.Count, &name, &value, &length) == 0)
        {
            read.Add(new RecordHeader(
                Marshal.PtrToStringUTF8((nint)name)!,
                value is null ? null : new ReadOnlySpan<byte>(value, (int)length).ToArray()));
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (_messages.Length == 0) return;
        // SAFETY: freeing is allowed on any thread; nobody reads these records after Dispose.
        for (int i = 0; i < _count; i++) KafkaApi.MessageDestroy((MessageView*)_messages[i]);
        ArrayPool<RecordRef>.Shared.Return(_records);
        ArrayPool<nint>.Shared.Return(_messages);
        (_messages, _records) = ([], []);
        _client.Release();
    }
}
