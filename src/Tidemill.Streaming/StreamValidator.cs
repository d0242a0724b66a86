using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Schemas;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming;

/// <summary>What only the engine can tell of a stream before it runs: whether its SQL binds, and what columns come of it.</summary>
public static class StreamValidator
{
    /// <summary>All errors found; empty when the stream can start.</summary>
    public static IReadOnlyList<ConfigError> Validate(StreamDefinition stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Source is not TopicSourceDefinition)
            return [];

        if (stream.Deduplicate.Count > 0 && stream.Sinks is not [WarehouseSinkDefinition])
        {
            return
            [
                new ConfigError(
                    "deduplicate", "A stream that deduplicates has one sink, a table, in whose transaction the keys are remembered.",
                    "Give each sink a stream of its own; one that is no table needs no `deduplicate` when its ids are the event's key.",
                    stream.File, 0),
            ];
        }

        try
        {
            using var rows = new RowMaker(stream);
            return
            [
                .. stream.Sinks.OfType<WarehouseSinkDefinition>().SelectMany(sink => Missing(stream, sink, rows.Output)),
                .. stream.Sinks.OfType<CollectionSinkDefinition>()
                    .SelectMany(sink => CollectionSinkColumns.Errors(stream, sink, rows.Output)),
                .. stream.Sinks.OfType<TopicSinkDefinition>().SelectMany(sink => TopicSinkColumns.Errors(stream, sink, rows.Output)),
                .. stream.Sinks.OfType<IndexSinkDefinition>().SelectMany(sink => IndexSinkColumns.Errors(stream, sink, rows.Output)),
            ];
        }
        catch (TidemillException error) when (error.Code == ErrorCode.SqlInvalid)
        {
            var problem = error.InnerException?.Message ?? error.Message;
            return [new ConfigError("transform", problem, "Mend the SQL.", stream.File, error.SqlLine)];
        }
        catch (TidemillException error) when (error.Code == ErrorCode.ConfigurationInvalid)
        {
            return error.ConfigErrors.Count > 0
                ? error.ConfigErrors
                : [new ConfigError("decode", error.Message, "Mend the declaration.", stream.File, 0)];
        }
    }

    /// <summary>Key, merged and indexed columns that the rows do not have.</summary>
    private static IEnumerable<ConfigError> Missing(StreamDefinition stream, WarehouseSinkDefinition sink, Schema rows)
    {
        var uses = sink.Key.Select(column => ("key", column))
            .Concat(sink.Merge.Keys.Select(column => ("merge", column)))
            .Concat(sink.Columns.Keys.Select(column => ("columns", column)))
            .Concat(sink.Indexes.SelectMany(index => index.Columns).Select(column => ("indexes", column)));
        foreach (var (use, column) in uses.Where(u => rows.IndexOf(u.column) < 0))
        {
            yield return new ConfigError(
                $"sinks.{sink.Name}.{use}", $"Column {column} is not among the rows' columns.",
                $"The rows have: {string.Join(", ", rows.Fields.Select(f => f.Name))}.", stream.File, 0);
        }

        var unmerged = rows.Fields.Where(f => sink.Merge.Count > 0
            && !sink.Merge.Keys.Contains(f.Name, StringComparer.OrdinalIgnoreCase)
            && !sink.Key.Contains(f.Name, StringComparer.OrdinalIgnoreCase));
        foreach (var field in unmerged)
        {
            yield return new ConfigError(
                $"sinks.{sink.Name}.merge", $"Column {field.Name} has no merge operation.",
                "Name sum, min, max, first or last for it, or leave it out of the SELECT.", stream.File, 0);
        }
    }
}
