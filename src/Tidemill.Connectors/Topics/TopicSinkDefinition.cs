using Tidemill.Core.Components;

namespace Tidemill.Connectors.Topics;

/// <summary>
/// Writes records to a topic: a generator's, a stream's rows, or, where the stream decodes nothing, the source's records as
/// they are.
/// </summary>
/// <param name="Name">The topic's name, with the connection in front when it has one.</param>
/// <param name="Topic">Created when there is none, with as many partitions as the source.</param>
public sealed record TopicSinkDefinition(string Name, string Topic) : SinkDefinition(Name, TopicSinkKind.Instance)
{
    /// <summary>One of the target's connections. Null: the target's log.</summary>
    public string? Connection { get; init; }

    /// <summary>Columns whose text is the record's key, several joined by |. Empty: no key.</summary>
    public IReadOnlyList<string> Key { get; init; } = [];

    /// <summary>Column that is the record's value. Null: the row as a JSON object.</summary>
    public string? ValueColumn { get; init; }

    /// <summary>Column by name of the header that holds its text.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Null: source for records passed on as they are, else key.</summary>
    public TopicPartitioning? PartitionBy { get; init; }

    /// <summary>Column that is the record's timestamp. Null: the time of writing, or the source's for records passed on.</summary>
    public string? Timestamp { get; init; }
}

/// <summary>How a record's partition is found.</summary>
public enum TopicPartitioning
{
    /// <summary>By the key, as Kafka's clients do.</summary>
    Key,

    /// <summary>The one with the source partition's number.</summary>
    Source,
}
