using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Tidemill.Connectors.Kafka.Native;
using Tidemill.Core.Logs;
using KafkaCode = Confluent.Kafka.ErrorCode;

namespace Tidemill.Connectors.Kafka.Consuming;

/// <summary>Partitions that the group gives to this member, or takes from it.</summary>
internal sealed record Rebalance(bool Assigned, IReadOnlyCollection<TopicPartition> Partitions, bool Lost);

/// <summary>
/// One native consumer and its queue. It lives until it is closed and every message handed out is freed: messages point
/// into it. Callbacks come on the thread that consumes, apart from <see cref="Wake"/>.
/// </summary>
internal sealed unsafe class ConsumerClient
{
    private const int ErrorBytes = 512;
    private const int CloseMessages = 512;

    private readonly nint _client;
    private readonly nint _queue;
    private GCHandle _self;
    private int _references = 1;

    public ConsumerClient(IReadOnlyDictionary<string, string> properties)
    {
        nint configuration = ClientConfiguration.Create(properties);
        _self = GCHandle.Alloc(this);
        KafkaApi.ConfSetOpaque(configuration, GCHandle.ToIntPtr(_self));
        KafkaApi.ConfSetRebalanceCallback(configuration, &OnRebalance);
        KafkaApi.ConfSetErrorCallback(configuration, &OnError);
        KafkaApi.ConfSetLogCallback(configuration, &OnLog);
        KafkaApi.ConfSetCommitCallback(configuration, &OnCommit);
        byte* error = stackalloc byte[ErrorBytes];
        // SAFETY: on success the client owns the configuration; the GCHandle lives until the client is destroyed.
        _client = KafkaApi.New(KafkaApi.ConsumerType, configuration, error, ErrorBytes);
        if (_client == 0)
        {
            KafkaApi.ConfDestroy(configuration);
            _self.Free();
            throw new Tidemill.Core.Errors.TidemillException(
                Tidemill.Core.Errors.ErrorCode.ConfigurationInvalid,
                $"librdkafka refuses the Kafka connection: {Marshal.PtrToStringUTF8((nint)error)}");
        }

        KafkaApi.PollSetConsumer(_client);
        _queue = KafkaApi.QueueGetConsumer(_client);
        KafkaApi.QueueCallbackEnable(_queue, &Wake, GCHandle.ToIntPtr(_self));
    }

    /// <summary>What the group asked for since the last look; each must be answered by an assign or unassign.</summary>
    public ConcurrentQueue<Rebalance> Rebalances { get; } = new();

    /// <summary>Errors of the client as a whole since the last look.</summary>
    public ConcurrentQueue<(KafkaCode Code, string Reason)> Errors { get; } = new();

    /// <summary>Set when something comes into the empty queue.</summary>
    public WakeSignal Signal { get; } = new();

    private bool Cooperative => Marshal.PtrToStringUTF8((nint)KafkaApi.RebalanceProtocol(_client)) == "COOPERATIVE";

    public void Subscribe(IReadOnlyList<string> topics)
    {
        using var list = new PartitionListHandle([.. topics.Select(t => new TopicPartition(t, -1))]);
        Throw("subscribe", KafkaApi.Subscribe(_client, list.List));
    }

    /// <summary>Reads exactly these, without a group.</summary>
    public void AssignOnly(IReadOnlyCollection<RecordPosition> positions)
    {
        using var list = new PartitionListHandle(positions);
        Throw("assign partitions", KafkaApi.Assign(_client, list.List));
    }

    /// <summary>Answers an assigning rebalance.</summary>
    public void Assign(IReadOnlyCollection<RecordPosition> positions)
    {
        using var list = new PartitionListHandle(positions);
        if (Cooperative)
            Throw("assign partitions", KafkaApi.IncrementalAssign(_client, list.List));
        else
            Throw("assign partitions", KafkaApi.Assign(_client, list.List));
    }

    /// <summary>Answers a revoking rebalance.</summary>
    public void Unassign(IReadOnlyCollection<TopicPartition> partitions)
    {
        using var list = new PartitionListHandle(partitions);
        if (Cooperative)
            Throw("give partitions back", KafkaApi.IncrementalUnassign(_client, list.List));
        else
            Throw("give partitions back", KafkaApi.Assign(_client, null));
    }

    public void Pause(IReadOnlyCollection<TopicPartition> partitions)
    {
        using var list = new PartitionListHandle(partitions);
        Throw("pause partitions", KafkaApi.Pause(_client, list.List));
    }

    public void Resume(IReadOnlyCollection<TopicPartition> partitions)
    {
        using var list = new PartitionListHandle(partitions);
        Throw("resume partitions", KafkaApi.Resume(_client, list.List));
    }

    /// <summary>Messages fetched before are outdated at once: they are never returned.</summary>
    public void Seek(RecordPosition position)
    {
        using var list = new PartitionListHandle([position]);
        Throw("seek", KafkaApi.Seek(_client, list.List, 0));
        Throw("seek", list.List->Items[0].Error is (int)KafkaCode.Local_InProgress ? 0 : list.List->Items[0].Error);
    }

    /// <summary>Sends the positions off; nobody waits for the answer.</summary>
    public void Commit(IReadOnlyCollection<RecordPosition> positions)
    {
        using var list = new PartitionListHandle(positions);
        _ = KafkaApi.Commit(_client, list.List, 1);
    }

    /// <summary>Takes up to a buffer full of messages without waiting; runs callbacks. The caller owns the messages.</summary>
    public int Consume(Span<nint> messages)
    {
        Signal.Reset();
        fixed (nint* buffer = messages)
            return Math.Max(0, (int)KafkaApi.ConsumeBatch(_queue, 0, buffer, (nuint)messages.Length));
    }

    public void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>The last one out destroys the client, which waits for its threads.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) > 0) return;
        KafkaApi.QueueDestroy(_queue);
        KafkaApi.DestroyFlags(_client, KafkaApi.DestroyWithoutClose);
        _self.Free();
    }

    /// <summary>
    /// Leaves the group and lets the client go; returns after the timeout at the latest, as a broker that is away is not waited for.
    /// The leaving then goes on by itself: a client that is destroyed in the middle of it takes the process with it.
    /// </summary>
    public Task CloseAsync(TimeSpan timeout, TimeProvider clock) => Task.WhenAny(
        Task.Factory.StartNew(Close, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default),
        Task.Delay(timeout, clock));

    private void Close()
    {
        AnswerRebalances();
        nint closing = KafkaApi.QueueNew(_client);
        nint error = KafkaApi.CloseQueue(_client, closing);
        if (error != 0) KafkaApi.ErrorDestroy(error);
        // Messages that were fetched stand in front of what the group asks for.
        nint* messages = stackalloc nint[CloseMessages];
        while (KafkaApi.Closed(_client) == 0)
        {
            nint count = KafkaApi.ConsumeBatch(closing, 20, messages, CloseMessages);
            for (nint i = 0; i < count; i++) KafkaApi.MessageDestroy((MessageView*)messages[i]);
            AnswerRebalances();
        }

        KafkaApi.QueueDestroy(closing);
        Release();
    }

    /// <summary>Takes whatever the group asks for as done: the member leaves and nobody reads any more.</summary>
    private void AnswerRebalances()
    {
        while (Rebalances.TryDequeue(out var rebalance))
        {
            using var list = new PartitionListHandle(rebalance.Partitions);
            if (!Cooperative)
            {
                _ = KafkaApi.Assign(_client, null);
                continue;
            }

            if (rebalance.Assigned) _ = KafkaApi.Pause(_client, list.List);
            nint error = rebalance.Assigned
                ? KafkaApi.IncrementalAssign(_client, list.List)
                : KafkaApi.IncrementalUnassign(_client, list.List);
            if (error != 0) KafkaApi.ErrorDestroy(error);
        }
    }

    private static void Throw(string action, int code)
    {
        if (code != 0) throw KafkaErrors.From(action, (KafkaCode)code, Marshal.PtrToStringUTF8((nint)KafkaApi.ErrorName(code)) ?? "");
    }

    private static void Throw(string action, nint error)
    {
        if (error == 0) return;
        var (code, reason) = ((KafkaCode)KafkaApi.ErrorCode(error), Marshal.PtrToStringUTF8((nint)KafkaApi.ErrorText(error)) ?? "");
        KafkaApi.ErrorDestroy(error);
        throw KafkaErrors.From(action, code, reason);
    }

    // SAFETY of the callbacks below: the opaque pointer is the GCHandle of the client's owner, freed after the client is
    // destroyed; strings and lists belong to librdkafka and are copied before the callback returns.
    private static ConsumerClient Owner(nint opaque) => (ConsumerClient)GCHandle.FromIntPtr(opaque).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnRebalance(nint client, int error, PartitionList* list, nint opaque)
    {
        bool assigned = error == (int)KafkaCode.Local_AssignPartitions;
        bool lost = !assigned && KafkaApi.AssignmentLost(client) != 0;
        Owner(opaque).Rebalances.Enqueue(new Rebalance(assigned, PartitionListHandle.Read(list), lost));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnError(nint client, int error, byte* reason, nint opaque) =>
        Owner(opaque).Errors.Enqueue(((KafkaCode)error, Marshal.PtrToStringUTF8((nint)reason) ?? ""));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(nint client, int level, byte* facility, byte* text)
    {
        // Errors come through OnError; librdkafka would write its log to standard error.
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnCommit(nint client, int error, PartitionList* list, nint opaque)
    {
        // Positions in the group are informative: a later commit makes up for a failed one.
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Wake(nint client, nint opaque) => Owner(opaque).Signal.Set();
}
