using System.Buffers;
using System.Runtime.InteropServices;
using Tidemill.Connectors.Kafka.Native;
using Tidemill.Core.Logs;
using KafkaCode = Confluent.Kafka.ErrorCode;

namespace Tidemill.Connectors.Kafka.Consuming;

/// <summary>
/// Messages taken out of the client's queue and not yet handed on, in stretches of one partition each. Owns them.
/// </summary>
internal sealed unsafe class MessageBuffer(ConsumerClient client)
{
    private readonly List<Stretch> _stretches = [];
    private readonly Dictionary<TopicPartition, LogOffset> _next = [];

    /// <summary>Errors found among the messages, to be raised once all records before them are handed on.</summary>
    public Queue<MessageError> Errors { get; } = new();

    /// <summary>Reading of the partition begins at the offset.</summary>
    public void Start(RecordPosition position)
    {
        Drop(position.Partition);
        _next[position.Partition] = position.Offset;
    }

    /// <summary>Frees what is held of a partition.</summary>
    public void Drop(TopicPartition partition)
    {
        _stretches.RemoveAll(stretch =>
        {
            if (stretch.Partition != partition) return false;
            Free(stretch);
            return true;
        });
        _next.Remove(partition);
    }

    public void DropAll()
    {
        _stretches.ForEach(Free);
        _stretches.Clear();
    }

    /// <summary>Takes messages over, and sets errors and ends of partitions apart.</summary>
    public void Add(ReadOnlySpan<nint> messages)
    {
        for (int start = 0; start < messages.Length;)
        {
            var first = (MessageView*)messages[start];
            if (first->Error != 0)
            {
                AddError(first);
                start++;
                continue;
            }

            int end = start + 1;
            while (end < messages.Length && Continues(first, (MessageView*)messages[end])) end++;
            AddStretch(PartitionOf(first), messages[start..end]);
            start = end;
        }
    }

    /// <summary>The first stretch of a partition that <paramref name="wanted"/> accepts, cut to the bounds; null when there is
    /// none.</summary>
    public KafkaRecords? Take(Predicate<TopicPartition> wanted, int maxRecords, int maxBytes)
    {
        int index = _stretches.FindIndex(s => wanted(s.Partition));
        if (index < 0) return null;
        var stretch = _stretches[index];
        int count = Fitting(stretch, maxRecords, maxBytes);
        nint[] messages = stretch.Messages;
        if (count < stretch.Count)
        {
            messages = ArrayPool<nint>.Shared.Rent(count);
            stretch.Messages.AsSpan(stretch.Start, count).CopyTo(messages);
            _stretches[index] = stretch with { Start = stretch.Start + count };
        }
        else
        {
            if (stretch.Start > 0) stretch.Messages.AsSpan(stretch.Start, count).CopyTo(messages);
            _stretches.RemoveAt(index);
        }

        var after = count > 0 ? new LogOffset(((MessageView*)messages[count - 1])->Offset + 1) : stretch.End;
        _next[stretch.Partition] = after;
        return new KafkaRecords(client, stretch.Partition, messages, count, after);
    }

    private static int Fitting(Stretch stretch, int maxRecords, int maxBytes)
    {
        long bytes = 0;
        for (int i = 0; i < stretch.Count; i++)
        {
            var message = (MessageView*)stretch.Messages[stretch.Start + i];
            bytes += (long)message->KeyLength + (long)message->ValueLength;
            if (i > 0 && (bytes > maxBytes || i == maxRecords)) return i;
        }

        return stretch.Count;
    }

    private void AddStretch(TopicPartition partition, ReadOnlySpan<nint> messages)
    {
        nint[] owned = ArrayPool<nint>.Shared.Rent(messages.Length);
        messages.CopyTo(owned);
        _stretches.Add(new Stretch(partition, owned, 0, messages.Length, default));
    }

    private void AddError(MessageView* message)
    {
        var code = (KafkaCode)message->Error;
        var partition = message->Topic == 0 ? default : PartitionOf(message);
        if (code == KafkaCode.Local_PartitionEOF)
            AddEnd(partition, new LogOffset(message->Offset));
        else
            Errors.Enqueue(new MessageError(new RecordPosition(partition, new LogOffset(message->Offset)), code, Text(message)));

        KafkaApi.MessageDestroy(message);
    }

    // Transaction markers at the partition's end hold offsets but no records: positions must move over them.
    private void AddEnd(TopicPartition partition, LogOffset end)
    {
        var last = _stretches.FindLast(s => s.Partition == partition);
        var position = last is { Count: > 0 }
            ? new LogOffset(((MessageView*)last.Messages[last.Limit - 1])->Offset + 1)
            : last?.End ?? _next.GetValueOrDefault(partition, end);
        if (end > position) _stretches.Add(new Stretch(partition, ArrayPool<nint>.Shared.Rent(1), 0, 0, end));
    }

    private static bool Continues(MessageView* first, MessageView* message) =>
        message->Error == 0 && message->Topic == first->Topic && message->Partition == first->Partition;

    private static TopicPartition PartitionOf(MessageView* message) =>
        new(Marshal.PtrToStringUTF8((nint)KafkaApi.TopicName(message->Topic))!, message->Partition);

    private static string Text(MessageView* message) => message->Value is null
        ? Marshal.PtrToStringUTF8((nint)KafkaApi.ErrorName(message->Error)) ?? ""
        : Marshal.PtrToStringUTF8((nint)message->Value, (int)message->ValueLength);

    private static void Free(Stretch stretch)
    {
        for (int i = stretch.Start; i < stretch.Limit; i++) KafkaApi.MessageDestroy((MessageView*)stretch.Messages[i]);
        ArrayPool<nint>.Shared.Return(stretch.Messages);
    }

    /// <summary>Messages from Start to before Limit; none, and End set, where reading moves without records.</summary>
    private sealed record Stretch(TopicPartition Partition, nint[] Messages, int Start, int Limit, LogOffset End)
    {
        public int Count => Limit - Start;
    }
}

/// <summary>A partition's failure; the topic is null when the error names none.</summary>
internal sealed record MessageError(RecordPosition Position, KafkaCode Code, string Reason);
