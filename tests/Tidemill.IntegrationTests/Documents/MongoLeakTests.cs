using System.Globalization;
using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Documents;
using Tidemill.Core.Documents.Bson;
using Tidemill.Core.Errors;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Documents;

/// <summary>
/// The driver's memory is not the garbage collector's: what is not released is lost. The whole process is measured, so
/// nothing else runs meanwhile.
/// </summary>
[Collection(nameof(MongoLeakTests))]
public sealed class MongoLeakTests
{
    [Fact]
    public async Task Ten_thousand_operations_and_refusals_leave_the_processs_memory_where_it_was()
    {
        var server = await MongoServer.SharedAsync();
        await using var store = server.Open();
        await store.RunAsync("""{"create":"c","validator":{"n":{"$gt":-1}}}""", default);
        using var documents = DocumentBatch.Of(
            Enumerable.Range(0, 200).Select(i => $$"""{"_id":{{i}},"n":{{i}},"text":"{{new string('x', 2000)}}"}"""));
        using var refused = DocumentBatch.Of("""{"_id":999,"n":-5}""");
        await RoundsAsync(store, documents, refused, 150);
        var before = ResidentBytes();
        await RoundsAsync(store, documents, refused, 600);
        var grown = ResidentBytes() - before;
        // A leaked reply or cursor of 200 documents a round would be 240 MB.
        Assert.True(grown < 60 << 20, $"The process grew by {grown >> 20} MiB.");
    }

    [Fact]
    public async Task Stores_that_are_opened_and_closed_leave_no_threads_behind()
    {
        var server = await MongoServer.SharedAsync();
        await OpenAndCloseAsync(server, 3);
        var before = Threads();
        await OpenAndCloseAsync(server, 30);
        Assert.True(Threads() < before + 15, $"{before} threads before, {Threads()} after.");
    }

    private static async Task RoundsAsync(MongoDocumentStore store, DocumentBatch documents, DocumentBatch refused, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            await store.UpsertAsync("c", documents, BulkOrder.Ordered, default);
            await store.FindAsync(new DocumentQuery("c", 200), default);
            await store.GetAsync("c", BsonValue.Int32(round % 200), default);
            Assert.Single((await store.UpsertAsync("c", refused, BulkOrder.Unordered, default)).Refused);
            var error = await Assert.ThrowsAsync<TidemillException>(() => store.RunAsync("""{"nonsense":1}""", default));
            Assert.Equal(ErrorCode.InvalidRequest, error.Code);
        }

        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static async Task OpenAndCloseAsync(MongoServer server, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await using var store = server.Open();
            await store.CountAsync("c", default);
        }
    }

    private static long ResidentBytes() => Status("VmRSS:") << 10;

    private static long Threads() => Status("Threads:");

    private static long Status(string name) => long.Parse(
        File.ReadLines("/proc/self/status")
            .First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture);
}

[CollectionDefinition(nameof(MongoLeakTests), DisableParallelization = true)]
public sealed class MongoLeakTestsRunAlone;
