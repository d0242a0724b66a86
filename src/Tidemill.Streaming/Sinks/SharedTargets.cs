using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Sinks;

/// <summary>A stream's sink, as one of those that write a target.</summary>
internal sealed record TargetWriter(StreamDefinition Stream, SinkDefinition Sink)
{
    public override string ToString() => $"stream {Stream.Name}, sink {Sink.Name}";
}

/// <summary>Tables, indexes, collections and topics that several sinks write. That is allowed; but nobody can tell whose a row
/// is.</summary>
public static class SharedTargets
{
    /// <summary>
    /// What a project should know: tables, indexes and collections with several writers, and names that are one table on DuckDB and two
    /// on PostgreSQL. A topic is made for several.
    /// </summary>
    public static IReadOnlyList<ConfigError> Warnings(IReadOnlyList<StreamDefinition> streams)
    {
        ArgumentNullException.ThrowIfNull(streams);
        var targets = Writers(streams).Where(w => w.Sink.Output is TableOutput or DocumentOutput)
            .GroupBy(w => w.Sink.Description, StringComparer.OrdinalIgnoreCase);
        return [.. targets.Where(writers => writers.Count() > 1).Select(writers => Warning([.. writers]))];
    }

    /// <summary>The other sinks that write the sink's target.</summary>
    internal static IReadOnlyList<TargetWriter> Others(
        IReadOnlyList<StreamDefinition> streams, ISqlEngine engine, StreamDefinition stream, SinkDefinition sink) =>
        [.. Writers(streams).Where(other => (other.Stream.Name != stream.Name || other.Sink.Name != sink.Name)
            && AreOne(engine, sink, other.Sink))];

    private static bool AreOne(ISqlEngine engine, SinkDefinition one, SinkDefinition other) => (one.Output, other.Output) switch
    {
        (TableOutput a, TableOutput b) => engine.Dialect.TableNames.Equals(Full(engine, a.Table), Full(engine, b.Table)),
        (TopicOutput a, TopicOutput b) => a.Topic == b.Topic && a.Connection == b.Connection,
        (DocumentOutput, DocumentOutput) => one.Kind == other.Kind && one.Description == other.Description,
        _ => false,
    };

    private static ConfigError Warning(IReadOnlyList<TargetWriter> writers)
    {
        var names = writers.Select(w => w.Sink.Description).Distinct(StringComparer.Ordinal).ToList();
        var (problem, fix) = names.Count > 1
            ? ($"The names of {string.Join(" and ", names)} differ by case only: one table on DuckDB and two on PostgreSQL.",
                "Spell the name alike, or give the tables names of their own.")
            : ($"{string.Join(" and ", writers)} write {names[0]}: verify cannot tell all of their rows apart.",
                "Give each a target of its own, and read tables through a view.");
        return new ConfigError($"sinks.{writers[0].Sink.Name}", problem, fix, writers[0].Stream.File, 0);
    }

    private static IEnumerable<TargetWriter> Writers(IReadOnlyList<StreamDefinition> streams) =>
        streams.SelectMany(stream => stream.Sinks.Select(sink => new TargetWriter(stream, sink)));

    private static string Full(ISqlEngine engine, TableName table) => $"{table.Schema ?? engine.DefaultSchema}.{table.Name}";
}
