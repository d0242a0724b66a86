using Tidemill.Connectors.Documents;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.DuckDb;

namespace Tidemill.Tests.Documents;

public sealed class EmbeddedDocumentStoreTests : DocumentStoreContractTests
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-documents-").FullName;

    protected override async Task<IDocumentStore> OpenAsync() => await EmbeddedDocumentStore.OpenAsync(_folder, default);

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Documents_and_positions_outlive_the_process()
    {
        await CommitAsync(0, 3, """{"_id":1,"v":{"$numberDecimal":"1.10"}}""");
        await Store.DisposeAsync();
        await InitializeAsync();
        Assert.Equal("""{"_id":{"$numberInt":"1"},"v":{"$numberDecimal":"1.10"}}""", await GetAsync("1"));
        await CommitAsync(3, 4, """{"_id":2}""");
    }

    [Fact]
    public async Task A_broken_engine_is_opened_again_with_all_that_was_written()
    {
        DuckDbDatabase? engine = null;
        await using var store = await EmbeddedDocumentStore.OpenAsync(Path.Combine(_folder, "broken"), opened => engine = opened, default);
        for (var failure = 0; failure < 3; failure++)
        {
            using (var one = DocumentBatch.Of($$"""{"_id":{{failure}}}"""))
                await store.UpsertAsync("c", one, BulkOrder.Ordered, default);

            var first = engine!;
            using (var connection = first.Connect())
            {
                connection.Execute("SET GLOBAL debug_checkpoint_abort = 'before_header'");
                Assert.Throws<DuckDbException>(() => connection.Execute("FORCE CHECKPOINT"));
            }

            using var lost = DocumentBatch.Of("""{"_id":99}""");
            var error = await Assert.ThrowsAsync<TidemillException>(() => store.UpsertAsync("c", lost, BulkOrder.Ordered, default));
            Assert.Equal(RetryRule.Backoff, error.Rule.Retry);
            Assert.Equal(failure + 1, await store.CountAsync("c", default));
            Assert.NotSame(first, engine);
        }
    }
}
