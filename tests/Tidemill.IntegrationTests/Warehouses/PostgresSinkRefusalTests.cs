using Tidemill.Connectors.Postgres;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Streaming;

namespace Tidemill.IntegrationTests.Warehouses;

public sealed class PostgresSinkRefusalTests : SinkRefusalContract
{
    private protected override async Task<StreamBench> OpenBenchAsync()
    {
        var server = await PostgresServer.SharedAsync();
        var connection = await server.CreateDatabaseAsync();
        return await StreamBench.OpenAsync(
            warehouse: async () => await PostgresWarehouse.OpenAsync(connection, TestContext.Current.CancellationToken));
    }
}
