using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;

namespace Tidemill.Server.Hosting;

/// <summary>How a project's parts are opened. Tests put failing ones in.</summary>
internal sealed record HostParts
{
    public required Func<ProjectDefinition, DataFolder, TimeProvider, CancellationToken, Task<ILog>> OpenLog { get; init; }

    /// <summary>Opens one of the target's connections.</summary>
    public Func<ProjectDefinition, LogConnection, TimeProvider, CancellationToken, Task<ILog>> OpenConnection { get; init; } =
        (_, _, _, _) => throw new NotSupportedException();

    public required Func<ProjectDefinition, DataFolder, CancellationToken, Task<IWarehouse>> OpenWarehouse { get; init; }

    public required Func<ProjectDefinition, DataFolder, CancellationToken, Task<ISearchStore>> OpenSearch { get; init; }

    public required Func<ProjectDefinition, DataFolder, CancellationToken, Task<IDocumentStore>> OpenDocuments { get; init; }
}
