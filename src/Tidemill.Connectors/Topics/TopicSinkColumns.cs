using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;

namespace Tidemill.Connectors.Topics;

/// <summary>Whether rows have the columns that a topic sink takes from them, of types that serve.</summary>
internal static class TopicSinkColumns
{
    public static IEnumerable<ConfigError> Errors(StreamDefinition stream, TopicSinkDefinition sink, Schema rows)
    {
        var uses = sink.Key.Select(column => (Use: "key", Column: column))
            .Concat(sink.Headers.Values.Select(column => ("headers", column)))
            .Concat(sink.ValueColumn is { } value ? [("value", value)] : [])
            .Concat(sink.Timestamp is { } time ? [("timestamp", time)] : []);
        foreach (var (use, column) in uses)
        {
            var at = rows.IndexOf(column);
            if (at < 0)
            {
                yield return Error(
                    use,
                    $"Column {column} is not among the rows' columns.",
                    $"The rows have: {string.Join(", ", rows.Fields.Select(f => f.Name))}.");
            }
            else if (Needed(use, rows.Fields[at].Type.Kind) is { } needed)
            {
                yield return Error(
                    use, $"Column {column} is {rows.Fields[at].Type}, not {needed}.", "Cast it in the SQL, or take another column.");
            }
        }

        ConfigError Error(string key, string problem, string fix) => new($"sinks.{sink.Name}.{key}", problem, fix, stream.File, 0);
    }

    private static string? Needed(string use, FieldKind kind) => use switch
    {
        "value" when kind is not (FieldKind.Text or FieldKind.Json or FieldKind.Blob) => "text, JSON or bytes",
        "timestamp" when kind is not (FieldKind.Timestamp or FieldKind.TimestampTz) => "a timestamp",
        _ => null,
    };
}
