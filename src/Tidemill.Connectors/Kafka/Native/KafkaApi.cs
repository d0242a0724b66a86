using System.Runtime.InteropServices;

namespace Tidemill.Connectors.Kafka.Native;

/// <summary>
/// The functions of librdkafka's rdkafka.h that reading needs. Pointers instead of imports: the library is found at run
/// time, and one process uses one. Confluent.Kafka's own imports go to the same library.
/// </summary>
internal static unsafe class KafkaApi
{
    public const int ConfOk = 0;
    public const int ConfUnknown = -2;
    public const int ConsumerType = 1;
    public const int DestroyWithoutClose = 0x8;

    public static delegate* unmanaged[Cdecl]<nint> ConfNew;
    public static delegate* unmanaged[Cdecl]<nint, void> ConfDestroy;
    public static delegate* unmanaged[Cdecl]<nint, byte*, byte*, byte*, nuint, int> ConfSet;
    public static delegate* unmanaged[Cdecl]<nint, nint, void> ConfSetOpaque;
    public static delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, PartitionList*, nint, void>, void> ConfSetRebalanceCallback;
    public static delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, byte*, nint, void>, void> ConfSetErrorCallback;
    public static delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void>, void> ConfSetLogCallback;
    public static delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, PartitionList*, nint, void>, void> ConfSetCommitCallback;
    public static delegate* unmanaged[Cdecl]<int, nint, byte*, nuint, nint> New;
    public static delegate* unmanaged[Cdecl]<nint, int, void> DestroyFlags;
    public static delegate* unmanaged[Cdecl]<nint, int> PollSetConsumer;
    public static delegate* unmanaged[Cdecl]<nint, nint> QueueGetConsumer;
    public static delegate* unmanaged[Cdecl]<nint, nint> QueueNew;
    public static delegate* unmanaged[Cdecl]<nint, void> QueueDestroy;
    public static delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, nint, void>, nint, void> QueueCallbackEnable;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, int> Subscribe;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, int> Assign;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, nint> IncrementalAssign;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, nint> IncrementalUnassign;
    public static delegate* unmanaged[Cdecl]<nint, int> AssignmentLost;
    public static delegate* unmanaged[Cdecl]<nint, byte*> RebalanceProtocol;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, int> Pause;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, int> Resume;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, int, nint> Seek;
    public static delegate* unmanaged[Cdecl]<nint, PartitionList*, int, int> Commit;
    public static delegate* unmanaged[Cdecl]<nint, int, nint*, nuint, nint> ConsumeBatch;
    public static delegate* unmanaged[Cdecl]<nint, nint, nint> CloseQueue;
    public static delegate* unmanaged[Cdecl]<nint, int> Closed;
    public static delegate* unmanaged[Cdecl]<int, PartitionList*> PartitionListNew;
    public static delegate* unmanaged[Cdecl]<PartitionList*, void> PartitionListDestroy;
    public static delegate* unmanaged[Cdecl]<PartitionList*, byte*, int, Partition*> PartitionListAdd;
    public static delegate* unmanaged[Cdecl]<MessageView*, void> MessageDestroy;
    public static delegate* unmanaged[Cdecl, SuppressGCTransition]<MessageView*, int*, long> MessageTimestamp;
    public static delegate* unmanaged[Cdecl]<MessageView*, nint*, int> MessageHeaders;
    public static delegate* unmanaged[Cdecl]<nint, nuint, byte**, byte**, nuint*, int> HeaderGetAll;
    public static delegate* unmanaged[Cdecl]<nint, byte*> TopicName;
    public static delegate* unmanaged[Cdecl]<nint, int> ErrorCode;
    public static delegate* unmanaged[Cdecl]<nint, byte*> ErrorText;
    public static delegate* unmanaged[Cdecl]<nint, void> ErrorDestroy;
    public static delegate* unmanaged[Cdecl]<int, byte*> ErrorName;

    /// <summary>Takes the functions' addresses out of the loaded library.</summary>
    public static void Bind(nint library)
    {
        // SAFETY: each cast gives the export the signature that rdkafka.h declares; the library is never unloaded.
        nint Export(string name) => NativeLibrary.GetExport(library, "rd_kafka_" + name);
        ConfNew = (delegate* unmanaged[Cdecl]<nint>)Export("conf_new");
        ConfDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("conf_destroy");
        ConfSet = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, byte*, nuint, int>)Export("conf_set");
        ConfSetOpaque = (delegate* unmanaged[Cdecl]<nint, nint, void>)Export("conf_set_opaque");
        ConfSetRebalanceCallback =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, PartitionList*, nint, void>, void>)Export(
            "conf_set_rebalance_cb");
        ConfSetErrorCallback = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, byte*, nint, void>, void>)Export(
            "conf_set_error_cb");
        ConfSetLogCallback = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void>, void>)Export(
            "conf_set_log_cb");
        ConfSetCommitCallback =
            (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, int, PartitionList*, nint, void>, void>)Export(
            "conf_set_offset_commit_cb");
        New = (delegate* unmanaged[Cdecl]<int, nint, byte*, nuint, nint>)Export("new");
        DestroyFlags = (delegate* unmanaged[Cdecl]<nint, int, void>)Export("destroy_flags");
        PollSetConsumer = (delegate* unmanaged[Cdecl]<nint, int>)Export("poll_set_consumer");
        QueueGetConsumer = (delegate* unmanaged[Cdecl]<nint, nint>)Export("queue_get_consumer");
        QueueNew = (delegate* unmanaged[Cdecl]<nint, nint>)Export("queue_new");
        QueueDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("queue_destroy");
        QueueCallbackEnable = (delegate* unmanaged[Cdecl]<nint, delegate* unmanaged[Cdecl]<nint, nint, void>, nint, void>)Export(
            "queue_cb_event_enable");
        Subscribe = (delegate* unmanaged[Cdecl]<nint, PartitionList*, int>)Export("subscribe");
        Assign = (delegate* unmanaged[Cdecl]<nint, PartitionList*, int>)Export("assign");
        IncrementalAssign = (delegate* unmanaged[Cdecl]<nint, PartitionList*, nint>)Export("incremental_assign");
        IncrementalUnassign = (delegate* unmanaged[Cdecl]<nint, PartitionList*, nint>)Export("incremental_unassign");
        AssignmentLost = (delegate* unmanaged[Cdecl]<nint, int>)Export("assignment_lost");
        RebalanceProtocol = (delegate* unmanaged[Cdecl]<nint, byte*>)Export("rebalance_protocol");
        Pause = (delegate* unmanaged[Cdecl]<nint, PartitionList*, int>)Export("pause_partitions");
        Resume = (delegate* unmanaged[Cdecl]<nint, PartitionList*, int>)Export("resume_partitions");
        Seek = (delegate* unmanaged[Cdecl]<nint, PartitionList*, int, nint>)Export("seek_partitions");
        Commit = (delegate* unmanaged[Cdecl]<nint, PartitionList*, int, int>)Export("commit");
        ConsumeBatch = (delegate* unmanaged[Cdecl]<nint, int, nint*, nuint, nint>)Export("consume_batch_queue");
        CloseQueue = (delegate* unmanaged[Cdecl]<nint, nint, nint>)Export("consumer_close_queue");
        Closed = (delegate* unmanaged[Cdecl]<nint, int>)Export("consumer_closed");
        PartitionListNew = (delegate* unmanaged[Cdecl]<int, PartitionList*>)Export("topic_partition_list_new");
        PartitionListDestroy = (delegate* unmanaged[Cdecl]<PartitionList*, void>)Export("topic_partition_list_destroy");
        PartitionListAdd = (delegate* unmanaged[Cdecl]<PartitionList*, byte*, int, Partition*>)Export("topic_partition_list_add");
        MessageDestroy = (delegate* unmanaged[Cdecl]<MessageView*, void>)Export("message_destroy");
        MessageTimestamp = (delegate* unmanaged[Cdecl, SuppressGCTransition]<MessageView*, int*, long>)Export("message_timestamp");
        MessageHeaders = (delegate* unmanaged[Cdecl]<MessageView*, nint*, int>)Export("message_headers");
        HeaderGetAll = (delegate* unmanaged[Cdecl]<nint, nuint, byte**, byte**, nuint*, int>)Export("header_get_all");
        TopicName = (delegate* unmanaged[Cdecl]<nint, byte*>)Export("topic_name");
        ErrorCode = (delegate* unmanaged[Cdecl]<nint, int>)Export("error_code");
        ErrorText = (delegate* unmanaged[Cdecl]<nint, byte*>)Export("error_string");
        ErrorDestroy = (delegate* unmanaged[Cdecl]<nint, void>)Export("error_destroy");
        ErrorName = (delegate* unmanaged[Cdecl]<int, byte*>)Export("err2str");
    }
}
