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
        Refuse(target.Log.Type == LogType.Embedded, "log", "The embedded log", "{type: kafka, ...}");
        Refuse(target.Warehouse.Type == WarehouseType.DuckDb, "warehouse", "DuckDB's file", "{type: postgres, ...}");
        Refuse(
            target.Documents.Type == DocumentsType.Embedded && project.Uses<IDocumentStore>(),
            "documents", "The embedded document store", "{type: mongodb, ...}");
        Refuse(
            target.Search.Type == SearchType.Embedded && project.Uses<ISearchStore>(),
            "search", "The embedded search store", "{type: elasticsearch, ...}");
        foreach (var stream in project.Streams)
        {
            var alone = stream.Sinks.Where(sink => !sink.Traits(stream, columns: null).SharedByProcesses);
            errors.AddRange(alone.Select(sink => new ConfigError(
                $"sinks.{sink.Name}", $"Workers cannot share it: a {sink.Kind.Key} is written by one process at a time.",
                "Run everything in one process with `tidemill up`.", stream.File, 0)));
        }

        if (errors.Count > 0)
            throw TidemillException.Configuration(errors);

        void Refuse(bool condition, string key, string store, string server)
        {
            if (!condition)
                return;

            errors.Add(new ConfigError(
                $"targets.{target.Name}.{key}", $"Workers cannot share it: {store} is opened by one process at a time.",
                $"Use `{key}: {server}`. Or run everything in one process with `tidemill up`.", ProjectLoader.ProjectFile, 0));
        }
    }
}
