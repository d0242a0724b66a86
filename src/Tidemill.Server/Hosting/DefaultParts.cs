using Tidemill.Connectors.Documents;
using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.Kafka;
using Tidemill.Connectors.MongoDb;
using Tidemill.Connectors.Postgres;
using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Connectors.Search.Embedded;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Logs;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.Log;

namespace Tidemill.Server.Hosting;

/// <summary>The parts that a target's connections name.</summary>
internal static class DefaultParts
{
    public static HostParts Create() => new()
    {
        OpenLog = OpenLogAsync,
        OpenConnection = OpenKafkaAsync,
        OpenWarehouse = OpenWarehouseAsync,
        OpenSearch = OpenSearchAsync,
        OpenDocuments = OpenDocumentsAsync,
    };

    private static async Task<ILog> OpenLogAsync(
        ProjectDefinition project, DataFolder folder, TimeProvider time, CancellationToken cancellationToken) =>
            project.Target.Log.Type switch
            {
                LogType.Kafka => await OpenKafkaAsync(project, project.Target.Log, time, cancellationToken),
                _ => await EmbeddedLog.OpenAsync(folder.Log, new EmbeddedLogOptions(), time, cancellationToken),
            };

    private static async Task<ILog> OpenKafkaAsync(
        ProjectDefinition project, LogConnection connection, TimeProvider time, CancellationToken cancellationToken) =>
        await KafkaLog.OpenAsync(connection, project.Folder, time, cancellationToken);

    private static async Task<ISearchStore> OpenSearchAsync(
        ProjectDefinition project, DataFolder folder, CancellationToken cancellationToken) => project.Target.Search.Type switch
        {
            SearchType.Embedded => await EmbeddedSearchStore.OpenAsync(folder.Path, cancellationToken),
            _ => new ElasticsearchStore(InFolder(project.Target.Search, project.Folder), TimeProvider.System),
        };

    private static async Task<IDocumentStore> OpenDocumentsAsync(
        ProjectDefinition project, DataFolder folder, CancellationToken cancellationToken) => project.Target.Documents.Type switch
        {
            DocumentsType.MongoDb => MongoDocumentStore.Open(project.Target.Documents),
            _ => await EmbeddedDocumentStore.OpenAsync(folder.Path, cancellationToken),
        };

    /// <summary>Files are named from the project's folder.</summary>
    private static SearchConnection InFolder(SearchConnection connection, string folder) =>
        connection.Ca is { } ca ? connection with { Ca = Path.Combine(folder, ca) } : connection;

    private static async Task<IWarehouse> OpenWarehouseAsync(
        ProjectDefinition project, DataFolder folder, CancellationToken cancellationToken) => project.Target.Warehouse.Type switch
        {
            WarehouseType.Postgres => await PostgresWarehouse.OpenAsync(
                project.Target.Warehouse with { Project = project.Name }, cancellationToken),
            _ => await DuckDbWarehouse.OpenAsync(
                folder.Warehouse, InFolder(project.Target.Warehouse, project.Folder) with { Project = project.Name }, cancellationToken),
        };

    private static WarehouseConnection InFolder(WarehouseConnection connection, string folder) =>
        connection with { Files = [.. connection.Files.Select(files => Path.GetFullPath(files, Path.GetFullPath(folder)))] };
}
