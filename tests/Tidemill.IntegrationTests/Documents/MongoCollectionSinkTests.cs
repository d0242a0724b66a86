using Tidemill.Connectors.Documents;
using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Warehouses;
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

public sealed class LargeTransactionTests
{
    [Fact]
    public async Task A_batch_that_is_too_large_for_one_transaction_is_written_in_parts()
    {
        await using var store = (await MongoServer.SharedAsync()).Open();
        await using var bench = await OpenAsync();
        bench.OpenSink = (stream, sink) => new CollectionSink(store, "test", stream, (CollectionSinkDefinition)sink);
        await bench.ProduceAsync([.. Enumerable.Range(0, 60_000).Select(i => Json(i))]);
        var stream = Stream(ConflictRule.Append) with
        {
            Batch = new BatchDefinition { MaxWait = TimeSpan.FromSeconds(1) },
            Sinks = [new CollectionSinkDefinition("copies", "copies") { Id = ["id"] }],
        };
        var status = await bench.CatchUpAsync(stream);
        Assert.Equal(60_000, await store.CountAsync("copies", default));
        Assert.Equal(0, status.DeadLetters);
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
