using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;

namespace Tidemill.Connectors.Documents;

/// <summary>Which of the rows' columns make a document's <c>_id</c>.</summary>
internal static class CollectionSinkColumns
{
    /// <summary>Topic, partition and offset of a row's record.</summary>
    public static IReadOnlyList<string> Position { get; } = ["_topic", "_partition", "_offset"];

    /// <summary>The columns' positions; empty when ids are <see cref="PositionOf"/>.</summary>
    public static IReadOnlyList<int> IdOf(CollectionSinkDefinition sink, Schema rows) =>
        [.. KeyOf(sink, [.. rows.Fields.Select(f => f.Name)]).Select(rows.IndexOf)];

    /// <summary>The columns' names; empty when ids are <see cref="Position"/>.</summary>
    public static IReadOnlyList<string> KeyOf(CollectionSinkDefinition sink, IReadOnlyList<string> columns) =>
        sink.Id.Count > 0 ? sink.Id : columns.Contains("_id", StringComparer.OrdinalIgnoreCase) ? ["_id"] : [];

    /// <summary>Where topic, partition and offset stand among the rows' columns, -1 for one that is missing.</summary>
    public static IReadOnlyList<int> PositionOf(Schema rows) => [.. Position.Select(rows.IndexOf)];

    public static IEnumerable<ConfigError> Errors(StreamDefinition stream, CollectionSinkDefinition sink, Schema rows)
    {
        foreach (var column in sink.Id.Where(column => rows.IndexOf(column) < 0))
        {
            yield return new ConfigError(
                $"sinks.{sink.Name}.id", $"Column {column} is not among the rows' columns.",
                $"The rows have: {string.Join(", ", rows.Fields.Select(f => f.Name))}.", stream.File, 0);
        }

        if (IdOf(sink, rows).Count == 0 && PositionOf(rows).Any(column => column < 0))
        {
            yield return new ConfigError(
                $"sinks.{sink.Name}.id", "Document ids are topic, partition and offset, which the rows do not have.",
                "Add `id: [COLUMN, ...]`, or `transform: SELECT *, _topic, _partition, _offset FROM batch`.", stream.File, 0);
        }
    }
}
