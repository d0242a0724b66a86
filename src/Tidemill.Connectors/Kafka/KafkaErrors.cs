using Confluent.Kafka;
using Tidemill.Core.Errors;
using KafkaCode = Confluent.Kafka.ErrorCode;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;

namespace Tidemill.Connectors.Kafka;

/// <summary>The one table from Kafka's error codes to Tidemill's.</summary>
internal static class KafkaErrors
{
    /// <param name="action">What could not be done, as a clause: <c>create topic orders</c>.</param>
    /// <param name="error">Kafka's error; its reason names brokers and topics, never credentials or records.</param>
    /// <param name="inner">The client's exception, if there was one.</param>
    public static TidemillException From(string action, Error error, Exception? inner = null) =>
        From(action, error.Code, error.Reason, inner);

    public static TidemillException From(string action, KafkaCode code, string reason, Exception? inner = null) =>
        new(Code(code), $"Could not {action}: {reason.TrimEnd('.')} ({code}).", inner);

    /// <summary>
    /// The error by its cause. With TLS 1.3 a broker refuses a client's certificate, or that there is none, after the
    /// handshake, by an alert: librdkafka hands OpenSSL's words on as those of a broken connection.
    /// </summary>
    public static Error Clarified(Error error) =>
        error.Code == KafkaCode.Local_Transport
        && error.Reason.Contains("SSL routines", StringComparison.Ordinal) && error.Reason.Contains(" alert ", StringComparison.Ordinal)
            ? new Error(KafkaCode.Local_Ssl, error.Reason)
            : error;

    public static ErrorCode Code(KafkaCode code) => code switch
    {
        KafkaCode.Local_Authentication or KafkaCode.SaslAuthenticationFailed or KafkaCode.UnsupportedSaslMechanism
            or KafkaCode.IllegalSaslState or KafkaCode.Local_Ssl or KafkaCode.TopicAuthorizationFailed or KafkaCode.GroupAuthorizationFailed
            or KafkaCode.ClusterAuthorizationFailed or KafkaCode.TransactionalIdAuthorizationFailed or KafkaCode.SecurityDisabled
            => ErrorCode.AccessDenied,
        KafkaCode.UnknownTopicOrPart or KafkaCode.Local_UnknownTopic or KafkaCode.Local_UnknownPartition or KafkaCode.UnknownTopicId
            or KafkaCode.GroupIdNotFound => ErrorCode.NotFound,
        KafkaCode.MsgSizeTooLarge or KafkaCode.RecordListTooLarge => ErrorCode.RecordTooLarge,
        KafkaCode.OffsetOutOfRange or KafkaCode.Local_AutoOffsetReset => ErrorCode.OffsetOutOfRange,
        KafkaCode.TopicException or KafkaCode.InvalidPartitions or KafkaCode.InvalidReplicationFactor or KafkaCode.InvalidReplicaAssignment
            or KafkaCode.InvalidConfig or KafkaCode.PolicyViolation or KafkaCode.InvalidRequest or KafkaCode.Local_InvalidArg
            or KafkaCode.InvalidGroupId
            or KafkaCode.NonEmptyGroup or KafkaCode.UnknownMemberId or KafkaCode.InvalidTimestamp or KafkaCode.UnsupportedVersion
            or KafkaCode.UnsupportedForMessageFormat or KafkaCode.InvalidRecord or KafkaCode.InvalidMsg => ErrorCode.InvalidRequest,
        _ => ErrorCode.Unavailable,
    };
}
