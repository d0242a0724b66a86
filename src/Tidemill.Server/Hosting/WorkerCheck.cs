using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Server.Hosting;

/// <summary>Whether several processes can run a project's streams: everything that streams touch must be a server.</summary>
internal static class WorkerCheck
{
    /// <summary>ConfigurationInvalid names each connection that only one process can open.</summary>
    public static void Require(ProjectDefinition project)
    {
        var target = project.Target;
        var errors = new List<ConfigError>();
        if (target.Log.Type == LogType.Embedded)
            errors.Add(Error("log", "The embedded log is opened by one process at a time.", "Use `log: {type: kafka, ...}`."));

        if (target.Warehouse.Type == WarehouseType.DuckDb)
            errors.Add(Error("warehouse", "DuckDB's file is opened by one process at a time.", "Use `warehouse: {type: postgres, ...}`."));

        if (target.Documents.Type == DocumentsType.Embedded && project.Uses<IDocumentStore>())
            errors.Add(Error(
                "documents", "The embedded document store is opened by one process at a time.", "Use `documents: {type: mongodb, ...}`."));

        if (target.Search.Type == SearchType.Embedded && project.Uses<ISearchStore>())
            errors.Add(Error(
                "search", "The embedded search store is opened by one process at a time.", "Use `search: {type: elasticsearch, ...}`."));

        foreach (var stream in project.Streams)
        {
            errors.AddRange(
                stream.Sinks.Where(sink => !sink.Traits(stream, columns: null).SharedByProcesses).Select(sink => new ConfigError(
                $"sinks.{sink.Name}", $"Workers cannot share it: a {sink.Kind.Key} is written by one process at a time.",
                "Run everything in one process with `tidemill up`.", stream.File, 0)));
        }

        if (errors.Count > 0)
            throw TidemillException.Configuration(errors);

        ConfigError Error(string key, string problem, string fix) =>
            new(
                $"targets.{target.Name}.{key}",
                $"Workers cannot share it: {problem}",
                $"{fix} Or run everything in one process with `tidemill up`.",
                "tidemill.yaml",
                0);
    }
}
