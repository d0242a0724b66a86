using Tidemill.Connectors.Documents;
using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Configuration;
using Tidemill.Core.Documents;
using Tidemill.Core.Warehouses;
using Tidemill.IntegrationTests.Servers;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Verification;
using Tidemill.Tests.Documents;
using Tidemill.Tests.Streaming;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.IntegrationTests.Documents;

public sealed class MongoCollectionSinkTests : CollectionSinkContractTests
{
    protected override async Task<IDocumentStore> OpenStoreAsync() => (await MongoServer.SharedAsync()).Open();

    [Fact]
    public async Task Documents_that_a_unique_index_refuses_become_dead_letters()
    {
        await ((MongoDocumentStore)Store).RunAsync(
            """{"createIndexes":"copies","indexes":[{"key":{"kind":1},"name":"k","unique":true}]}""", default);
        await ProduceAsync(Json(1, kind: "x"), Json(2, kind: "y"), Json(3, kind: "x"), Json(4, kind: "z"));
        await CatchUpAsync(Collection(null, "id"));
        Assert.Equal(3, await Store.CountAsync("copies", default));
    }
}

/// <summary>What a real server refuses, document by document: by a validation, and by a unique index among the batch's own.</summary>
public abstract class RefusedDocumentTests
{
    private protected static async Task ProveAsync(MongoDocumentStore store, StreamBench bench, BulkOrder order)
    {
        await store.RunAsync("""{"create":"copies","validator":{"kind":{"$ne":"secret"}}}""", default);
        await store.RunAsync("""{"createIndexes":"copies","indexes":[{"key":{"amount":1},"name":"a","unique":true}]}""", default);
        await bench.ProduceAsync(
            [.. Enumerable.Range(0, 1000).Select(i => Json(i, $"{(i % 100 == 50 ? 1 : i)}.00", i % 50 == 7 ? "secret" : "a"))]);
        var counting = new FaultyDocumentStore(store);
        bench.OpenSink = (stream, sink) => new CollectionSink(counting, "test", stream, (CollectionSinkDefinition)sink);
        var stream = Stream(ConflictRule.Append) with
        {
            Batch = new BatchDefinition { MaxRecords = 20_000, MaxWait = TimeSpan.FromMilliseconds(300) },
            Sinks = [new CollectionSinkDefinition("copies", "copies") { Id = ["id"], Order = order }],
        };
        await bench.CatchUpAsync(stream);

        var letters = await new DeadLetterStore(bench.Warehouse).ListAsync("events", null, 1000, 0, default);
        Assert.Equal(20, letters.Count(l => l.Message.Contains("validation refuses it", StringComparison.Ordinal)));
        Assert.Equal(10, letters.Count(l => l.Message.Contains("the same amount", StringComparison.Ordinal)));
        Assert.Equal(30, letters.Count);
        Assert.Equal(970, await store.CountAsync("copies", default));
        Assert.InRange(counting.Commits, 2, 30);
        Assert.True(Assert.Single(await new StreamVerifier(bench.Services, [stream]).VerifyAsync(null, default)).Proven);
    }
}

public sealed class TransactionRefusalTests : RefusedDocumentTests
{
    [Theory]
    [InlineData(BulkOrder.Ordered)]
    [InlineData(BulkOrder.Unordered)]
    public async Task Every_refused_document_becomes_a_dead_letter_and_batches_stay_whole(BulkOrder order)
    {
        await using var store = (await MongoServer.SharedAsync()).Open();
        await using var bench = await OpenAsync();
        await ProveAsync(store, bench, order);
    }
}

public sealed class StandaloneRefusalTests(StandaloneMongo server) : RefusedDocumentTests, IClassFixture<StandaloneMongo>
{
    [Theory]
    [InlineData(BulkOrder.Ordered)]
    [InlineData(BulkOrder.Unordered)]
    public async Task Every_refused_document_becomes_a_dead_letter_and_batches_stay_whole(BulkOrder order)
    {
        await using var store = (await server.GetAsync()).Open();
        await using var bench = await OpenAsync();
        await ProveAsync(store, bench, order);
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
