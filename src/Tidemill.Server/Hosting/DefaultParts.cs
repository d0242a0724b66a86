using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.Postgres;
using Tidemill.Connectors.Search.Embedded;
using Tidemill.Core.Configuration;
using Tidemill.Core.Warehouses;
using Tidemill.Log;

namespace Tidemill.Server.Hosting;

/// <summary>The parts that a target's connections name.</summary>
internal static class DefaultParts
{
    public static HostParts Create() => new()
    {
        OpenLog = async (_, folder, time, token) => await EmbeddedLog.OpenAsync(folder.Log, new EmbeddedLogOptions(), time, token),
        OpenWarehouse = OpenWarehouseAsync,
        OpenSearch = async (_, folder, token) => await EmbeddedSearchStore.OpenAsync(folder.Path, token),
    };

    private static async Task<IWarehouse> OpenWarehouseAsync(
        ProjectDefinition project, DataFolder folder, CancellationToken cancellationToken) => project.Target.Warehouse.Type switch
        {
            WarehouseType.Postgres => await PostgresWarehouse.OpenAsync(project.Target.Warehouse, cancellationToken),
            _ => await DuckDbWarehouse.OpenAsync(folder.Warehouse, project.Target.Warehouse, cancellationToken),
        };
}
