using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Documents;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Tests.Documents;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.IntegrationTests.Documents;

public sealed class MongoCollectionSinkTests : CollectionSinkContractTests
{
    protected override async Task<IDocumentStore> OpenStoreAsync() => (await MongoServer.SharedAsync()).Open();

    [Fact]
    public async Task Documents_that_a_unique_index_refuses_become_dead_letters()
    {
        await ((MongoDocumentStore)Store).RunAsync("""{"createIndexes":"copies","indexes":[{"key":{"kind":1},"name":"k","unique":true}]}""", default);
        await ProduceAsync(Json(1, kind: "x"), Json(2, kind: "y"), Json(3, kind: "x"), Json(4, kind: "z"));
        await CatchUpAsync(Collection(null, "id"));
        Assert.Equal(3, await Store.CountAsync("copies", default));
    }
}

public sealed class StandaloneCollectionSinkTests(StandaloneMongo server) : CollectionSinkContractTests, IClassFixture<StandaloneMongo>
{
    protected override async Task<IDocumentStore> OpenStoreAsync() => (await server.GetAsync()).Open();

    [Fact]
    public async Task A_server_that_is_killed_and_comes_back_loses_and_doubles_nothing()
    {
        var standalone = await server.GetAsync();
        await ProduceAsync([.. Enumerable.Range(0, 6000).Select(i => Json(i))]);
        var running = CatchUpAsync(Collection(null, "id"));
        await standalone.KillAsync();
        await standalone.ReviveAsync();
        await running;
        Assert.Equal(6000, await Store.CountAsync("copies", default));
    }
}
