using Tidemill.Core.Logs;

namespace Tidemill.Log.Checkpoints;

/// <summary>
/// The header that tells which intent a record belongs to. Readers do not see it, and it does not count against the
/// topic's largest record.
/// </summary>
internal static class HiddenHeader
{
    public const string Name = "tidemill.intent";

    private const int IdBytes = 16;

    /// <summary>What it adds to a record, as sizes are counted.</summary>
    public const int Bytes = 15 + IdBytes;

    /// <summary>The record with the header in front of its own.</summary>
    public static ProducerRecord Mark(ProducerRecord record, RecordHeader header) => record with
    {
        Headers = record.Headers is { Count: > 0 } own ? [header, .. own.Where(h => h.Name != Name)] : [header],
    };

    public static RecordHeader Of(Guid id) => new(Name, id.ToByteArray());

    public static bool Is(IReadOnlyList<RecordHeader> headers, Guid id) =>
        headers is [{ Name: Name, Value: { Length: IdBytes } value }, ..] && new Guid(value.Span) == id;
}
