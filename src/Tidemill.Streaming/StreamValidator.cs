using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming;

/// <summary>What only the engine can tell of a stream before it runs: whether its SQL binds, and what columns come of it.</summary>
public static class StreamValidator
{
    /// <summary>All errors found; empty when the stream can start.</summary>
    public static IReadOnlyList<ConfigError> Validate(StreamDefinition stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (stream.Deduplicate.Count > 0 && stream.Sinks is not [{ Output: TableOutput }])
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
            return [.. stream.Sinks.SelectMany(sink => sink.Kind.Check(sink, stream, rows.Output))];
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
}
