using System.Text;
using Tidemill.Connectors.Search.Embedded;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.DuckDb;

namespace Tidemill.Tests.Search;

public sealed class EmbeddedSearchStoreTests : SearchStoreContractTests
{
    private readonly string _folder;

    public EmbeddedSearchStoreTests() : this(new EmptyEmbeddedStore())
    {
    }

    private EmbeddedSearchStoreTests(EmptyEmbeddedStore empty) : base(empty) => _folder = empty.Folder;

    [Fact]
    public async Task Documents_and_mapping_outlive_the_process()
    {
        var nested = Path.Combine(_folder, "nested");
        await using (var first = await EmbeddedSearchStore.OpenAsync(nested, default))
        {
            await first.EnsureIndexAsync("i", new IndexMapping(new Dictionary<string, string> { ["n"] = "long" }), default);
            await first.BulkAsync("i", [new SearchDocument("a", Encoding.UTF8.GetBytes("""{"n": 1}"""))], default);
        }

        await using var second = await EmbeddedSearchStore.OpenAsync(nested, default);
        var again = await second.BulkAsync("i", [new SearchDocument("a", Encoding.UTF8.GetBytes("""{"n": 1}"""))], default);
        Assert.Equal((IndexOutcome.Unchanged, 1L), (again[0].Outcome, again[0].Version));
        Assert.Equal("long", (await second.ListIndexesAsync(default))[0].Mapping.Fields["n"]);
    }

    [Fact]
    public async Task A_cancelled_request_writes_nothing_and_leaves_the_store_usable()
    {
        await using var store = await EmbeddedSearchStore.OpenAsync(Path.Combine(_folder, "cancel"), default);
        await store.EnsureIndexAsync("i", new IndexMapping(new Dictionary<string, string>()), default);
        var documents = Enumerable.Range(0, 20_000)
            .Select(n => new SearchDocument($"d{n}", Encoding.UTF8.GetBytes($$"""{"n": {{n}}}"""))).ToList();
        using var cancel = new CancellationTokenSource();
        var request = store.BulkAsync("i", documents, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        Assert.Equal(0, (await store.SearchAsync("i", null, 0, 10, default)).Total);
        Assert.Equal(IndexOutcome.Created, (await store.BulkAsync("i", documents[..1], default))[0].Outcome);
    }

    [Fact]
    public async Task A_broken_engine_is_opened_again_with_all_that_was_written()
    {
        var broken = Path.Combine(_folder, "broken");
        Directory.CreateDirectory(broken);
        DuckDbDatabase? engine = null;
        await using var store = await EmbeddedSearchStore.OpenAsync(broken, opened => engine = opened, default);
        await store.EnsureIndexAsync("i", new IndexMapping(new Dictionary<string, string>()), default);
        for (var failure = 0; failure < 3; failure++)
        {
            await store.BulkAsync("i", [new SearchDocument($"{failure}", "{}"u8.ToArray())], default);
            var first = engine!;
            using (var connection = first.Connect())
            {
                connection.Execute("SET GLOBAL debug_checkpoint_abort = 'before_header'");
                Assert.Throws<DuckDbException>(() => connection.Execute("FORCE CHECKPOINT"));
            }

            var error = await Assert.ThrowsAsync<TidemillException>(
                () => store.BulkAsync("i", [new SearchDocument("x", "{}"u8.ToArray())], default));
            Assert.Equal(RetryRule.Backoff, error.Rule.Retry);
            Assert.Equal(failure + 1, (await store.SearchAsync("i", null, 0, 10, default)).Total);
            Assert.NotSame(first, engine);
        }
    }
}
