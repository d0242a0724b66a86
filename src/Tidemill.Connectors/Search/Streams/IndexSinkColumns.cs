using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;

namespace Tidemill.Connectors.Search.Streams;

/// <summary>Whether rows have the columns that an index sink takes from them, of types that serve.</summary>
internal static class IndexSinkColumns
{
    private static readonly string[] Position = ["_topic", "_partition", "_offset"];

    public static IEnumerable<ConfigError> Errors(StreamDefinition stream, IndexSinkDefinition sink, Schema rows)
    {
        var has = $"The rows have: {string.Join(", ", rows.Fields.Select(f => f.Name))}.";
        if (sink.Id.Count == 0 && Position.Any(column => rows.IndexOf(column) < 0))
        {
            yield return Error("id", "Document ids are topic, partition and offset, which the rows do not have.",
                "Add `id: [COLUMN, ...]`, or `transform: SELECT *, _topic, _partition, _offset FROM batch`.");
        }

        foreach (var column in sink.Id.Where(column => rows.IndexOf(column) < 0))
            yield return Error("id", $"Column {column} is not among the rows' columns.", has);

        foreach (var column in sink.Mapping.Keys.Where(column => rows.IndexOf(column) < 0))
            yield return Error("mapping", $"Column {column} is not among the rows' columns.", has);

        var uses = new (string Use, string? Column, Func<FieldKind, bool> Serves, string Needed)[]
        {
            ("version", sink.Version, IsVersion, "an integer or a time"),
            ("delete", sink.Delete, kind => kind == FieldKind.Boolean, "a boolean"),
            ("index", sink.Date?.Column, IsTime, "a date or a timestamp"),
        };
        foreach (var (use, column, serves, needed) in uses.Where(u => u.Column is not null))
        {
            var at = rows.IndexOf(column!);
            if (at < 0)
            {
                yield return Error(use, $"Column {column} is not among the rows' columns.", has);
            }
            else if (!serves(rows.Fields[at].Type.Kind))
            {
                yield return Error(
                    use, $"Column {column} is {rows.Fields[at].Type}, not {needed}.", "Cast it in the SQL, or take another column.");
            }
        }

        ConfigError Error(string key, string problem, string fix) => new($"sinks.{sink.Name}.{key}", problem, fix, stream.File, 0);
    }

    private static bool IsVersion(FieldKind kind) => IsTime(kind)
        || kind is FieldKind.Int8 or FieldKind.Int16 or FieldKind.Int32 or FieldKind.Int64
            or FieldKind.UInt8 or FieldKind.UInt16 or FieldKind.UInt32 or FieldKind.UInt64 or FieldKind.HugeInt;

    private static bool IsTime(FieldKind kind) => kind is FieldKind.Date or FieldKind.Timestamp or FieldKind.TimestampTz;
}
