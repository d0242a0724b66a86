using Tidemill.Core.Components;
using Tidemill.Core.Search;

namespace Tidemill.Connectors.Search.Streams;

/// <summary>Writes rows as documents of a search index.</summary>
/// <param name="Name">The sink's name. Default: the index's, without its date.</param>
/// <param name="Index">The index's name; <see cref="IndexDate"/> tells how a date becomes part of it.</param>
public sealed record IndexSinkDefinition(string Name, string Index) : SinkDefinition(Name, IndexSinkKind.Instance)
{
    /// <summary>The part of the name that comes from a column; null: one index.</summary>
    public IndexDate? Date { get; init; }

    /// <summary>Columns whose texts, joined by |, are the document's id. Empty: topic-partition-offset.</summary>
    public IReadOnlyList<string> Id { get; init; } = [];

    /// <summary>
    /// A column that grows with each change of a document: an integer or a time. A document gives way only to the same
    /// version or a higher one. Null: to any.
    /// </summary>
    public string? Version { get; init; }

    /// <summary>A boolean column: true deletes the document. Null: nothing is deleted.</summary>
    public string? Delete { get; init; }

    /// <summary>A document that is there already is left alone.</summary>
    public bool CreateOnly { get; init; }

    /// <summary>Elasticsearch type by column, where the one that follows from the column's type is not wanted.</summary>
    public IReadOnlyDictionary<string, string> Mapping { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Name of the index template on the server. Null: one named after the index, when that has a date.</summary>
    public string? Template { get; init; }

    /// <summary>Null: the server's default.</summary>
    public int? Shards { get; init; }

    public int? Replicas { get; init; }

    public LifecycleDefinition? Lifecycle { get; init; }
}

/// <summary>
/// A date in an index's name: <c>tx-{event_time:yyyy.MM.dd}</c> is the head <c>tx-</c>, the column and the format. Formats
/// hold yyyy, MM, dd and HH with '.', '-' or '_' between them; times are taken in UTC.
/// </summary>
public sealed record IndexDate(string Head, string Column, string Format, string Tail)
{
    /// <summary>What every name of the kind matches.</summary>
    public string Pattern => $"{Head}*{Tail}";
}
