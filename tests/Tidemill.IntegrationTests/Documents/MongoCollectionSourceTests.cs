using Tidemill.Core.Documents;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Documents;

namespace Tidemill.IntegrationTests.Documents;

public sealed class MongoCollectionSourceTests : CollectionSourceContractTests
{
    protected override async Task<IDocumentStore> OpenStoreAsync() => (await MongoServer.SharedAsync()).Open();
}

public sealed class RevivedCollectionSourceTests(StandaloneMongo server) : CollectionSourceContractTests, IClassFixture<StandaloneMongo>
{
    protected override async Task<IDocumentStore> OpenStoreAsync() => (await server.GetAsync()).Open();

    [Fact]
    public async Task A_server_that_is_killed_and_comes_back_is_read_on()
    {
        var standalone = await server.GetAsync();
        await UpsertAsync([.. Enumerable.Range(0, 3000).Select(i => Document(i, i))]);
        var running = PumpAsync(Pump("at"), 3000);
        await standalone.KillAsync();
        await standalone.ReviveAsync();
        await running;
    }
}
