using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;

namespace Tidemill.Streaming.Sinks;

/// <summary>A sink that fills a table.</summary>
internal sealed record TableWriter(StreamDefinition Stream, SinkDefinition Sink, TableName Table)
{
    public override string ToString() => $"stream {Stream.Name}, sink {Sink.Name}";
}

/// <summary>Tables that more than one sink writes. That is allowed; but nobody can tell whose a row is.</summary>
public static class SharedTables
{
    /// <summary>What a project should know: tables with several writers, and names that are one table on DuckDB, two on PostgreSQL.</summary>
    public static IReadOnlyList<ConfigError> Warnings(IReadOnlyList<StreamDefinition> streams)
    {
        ArgumentNullException.ThrowIfNull(streams);
        var tables = Writers(streams).GroupBy(w => w.Table.ToString(), StringComparer.OrdinalIgnoreCase);
        return [.. tables.Where(writers => writers.Count() > 1).Select(writers => Warning([.. writers]))];
    }

    /// <summary>The other sinks that write the sink's table in this warehouse.</summary>
    internal static IReadOnlyList<TableWriter> Others(
        IReadOnlyList<StreamDefinition> streams, ISqlEngine engine, StreamDefinition stream, SinkDefinition sink)
    {
        var writers = Writers(streams).ToLookup(w => w.Stream.Name == stream.Name && w.Sink.Name == sink.Name);
        return [.. writers[false].Where(other => writers[true].Any(own =>
            engine.Dialect.TableNames.Equals(Full(engine, own.Table), Full(engine, other.Table))))];
    }

    private static ConfigError Warning(IReadOnlyList<TableWriter> writers)
    {
        var names = writers.Select(w => w.Table.ToString()).Distinct(StringComparer.Ordinal).ToList();
        var (problem, fix) = names.Count > 1
            ? ($"Tables {string.Join(" and ", names)} differ by case only: they are one table on DuckDB and two on PostgreSQL.",
                "Spell the name alike, or give the tables names of their own.")
            : ($"Table {names[0]} is written by {string.Join(" and by ", writers)}: verify cannot tell all of their rows apart.",
                "Give each a table of its own, and a view over them.");
        return new ConfigError($"sinks.{writers[0].Sink.Name}", problem, fix, writers[0].Stream.File, 0);
    }

    private static IEnumerable<TableWriter> Writers(IReadOnlyList<StreamDefinition> streams) =>
        from stream in streams
        from sink in stream.Sinks
        where sink.Output is TableOutput
        select new TableWriter(stream, sink, ((TableOutput)sink.Output!).Table);

    private static string Full(ISqlEngine engine, TableName table) => $"{table.Schema ?? engine.DefaultSchema}.{table.Name}";
}
