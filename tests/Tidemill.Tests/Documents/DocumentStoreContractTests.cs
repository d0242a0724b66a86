using MongoDB.Bson;
using Tidemill.Core.Documents;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;

namespace Tidemill.Tests.Documents;

/// <summary>What every <see cref="IDocumentStore"/> keeps to; run once against each.</summary>
public abstract class DocumentStoreContractTests : IAsyncLifetime
{
    private static readonly CheckpointOwner Owner = new("orders", "documents");
    private static readonly TopicPartition Partition = new("orders", 0);

    protected IDocumentStore Store { get; private set; } = null!;

    /// <summary>An empty store.</summary>
    protected abstract Task<IDocumentStore> OpenAsync();

    public async ValueTask InitializeAsync() => Store = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        if (Store is not null)
            await Store.DisposeAsync();

        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Writing_documents_again_changes_nothing_and_other_content_replaces()
    {
        Assert.Equal(2, (await UpsertAsync("""{"_id":1,"n":1}""", """{"_id":2,"n":1}""")).Changed);
        Assert.Equal(0, (await UpsertAsync("""{"_id":1,"n":1}""", """{"_id":2,"n":1}""")).Changed);
        Assert.Equal(1, (await UpsertAsync("""{"_id":1,"n":1}""", """{"_id":2,"other":true}""")).Changed);
        Assert.Equal(2, await Store.CountAsync("orders", default));
        Assert.Equal("""{"_id":{"$numberInt":"2"},"other":true}""", await GetAsync("2"));
        Assert.Null(await GetAsync("3"));
    }

    [Fact]
    public async Task Of_equal_ids_in_one_batch_the_last_wins()
    {
        await UpsertAsync("""{"_id":"a","n":1}""", """{"_id":"b","n":1}""", """{"_id":"a","n":2}""");
        Assert.Equal("""{"_id":"a","n":{"$numberInt":"2"}}""", await GetAsync("\"a\""));
        Assert.Equal(2, await Store.CountAsync("orders", default));
    }

    [Theory]
    [InlineData("""{"$oid":"64b7f0c2e1a4f5d6c7b8a901"}""")]
    [InlineData("""{"$numberInt":"-5"}""")]
    [InlineData("""{"$numberLong":"9223372036854775807"}""")]
    [InlineData("""{"$numberDouble":"1.5"}""")]
    [InlineData("""{"$numberDecimal":"1234567890123456789012345678901.234"}""")]
    [InlineData("""{"$date":{"$numberLong":"-1"}}""")]
    [InlineData("""{"$binary":{"base64":"c//SZESzTGmQ6OfR38A11A==","subType":"04"}}""")]
    [InlineData("""{"$timestamp":{"t":7,"i":1}}""")]
    [InlineData("true")]
    [InlineData("\"ü/ 'q' \\\"\"")]
    [InlineData("""{"region":"eu","n":{"$numberInt":"1"}}""")]
    [InlineData("\"\"")]
    public async Task Ids_of_any_type_find_their_document(string id)
    {
        await UpsertAsync($$"""{"_id":{{id}},"v":{{id}},"list":[{{id}},null,{"deep":{{id}}}]}""", """{"_id":{"$minKey":1}}""");
        var found = await GetAsync(id);
        Assert.Equal($$"""{"_id":{{id}},"v":{{id}},"list":[{{id}},null,{"deep":{{id}}}]}""", found);
        Assert.Equal(1, await Store.DeleteAsync("orders", [ExtendedJson.ParseValue(id), "nobody"], default));
        Assert.Null(await GetAsync(id));
    }

    [Fact]
    public async Task Numbers_that_are_equal_are_one_id_whatever_their_type()
    {
        await UpsertAsync(
            """{"_id":{"$numberInt":"1"}}""",
            """{"_id":{"$numberLong":"1"}}""",
            """{"_id":{"$numberDouble":"1.0"}}""",
            """{"_id":{"$numberDecimal":"1.00"}}""");
        Assert.Equal(1, await Store.CountAsync("orders", default));
        await UpsertAsync(
            """{"_id":{"$numberLong":"9007199254740993"}}""", """{"_id":{"$numberDouble":"9007199254740992"}}""",
            """{"_id":{"$numberDecimal":"0.1"}}""",
            """{"_id":{"$numberDouble":"0.1"}}""", """{"_id":{"$numberDecimal":"0.5"}}""", """{"_id":{"$numberDouble":"0.5"}}""");
        Assert.Equal(6, await Store.CountAsync("orders", default));
    }

    [Fact]
    public async Task Every_type_survives()
    {
        const string Document =
            """{"_id":{"$numberInt":"1"},"oid":{"$oid":"64b7f0c2e1a4f5d6c7b8a901"},"s":"text","i":{"$numberInt":"1"},"l":{"$numberLong":"1"},"d":{"$numberDouble":"1.0"},"inf":{"$numberDouble":"-Infinity"},"dec":{"$numberDecimal":"1.50E+40"},"bin":{"$binary":{"base64":"AQID","subType":"80"}},"uuid":{"$binary":{"base64":"c//SZESzTGmQ6OfR38A11A==","subType":"04"}},"code":{"$code":"f()"},"scope":{"$code":"f()","$scope":{"x":{"$numberInt":"1"}}},"date":{"$date":{"$numberLong":"1700000000123"}},"ts":{"$timestamp":{"t":42,"i":1}},"re":{"$regularExpression":{"pattern":"a.*","options":"i"}},"min":{"$minKey":1},"max":{"$maxKey":1},"sym":{"$symbol":"s"},"b":false,"n":null,"o":{"a":{"b":{}}},"a":[[],[{"$numberInt":"1"}]]}""";
        await UpsertAsync(Document);
        Assert.Equal(Document, await GetAsync("1"));
    }

    [Theory]
    [InlineData(BulkOrder.Ordered, 1)]
    [InlineData(BulkOrder.Unordered, 2)]
    public async Task A_document_that_is_refused_is_named_and_the_order_decides_over_the_rest(BulkOrder order, int written)
    {
        using var batch = DocumentBatch.Of("""{"_id":1}""");
        AddLarge(batch, 2);
        batch.Add(ExtendedJson.Parse("""{"_id":3}"""u8));
        var result = await Store.UpsertAsync("orders", batch, order, default);
        var refused = Assert.Single(result.Refused);
        Assert.Equal((1, DocumentCollections.TooLargeCode), (refused.Index, refused.Code));
        Assert.Equal(written, result.Changed);
        Assert.Equal(written, await Store.CountAsync("orders", default));
    }

    [Fact]
    public async Task A_document_of_the_largest_size_is_taken()
    {
        using var batch = new DocumentBatch();
        const int Beside = 4 + 9 + 1 + 2 + 5 + 1;
        batch.Add(new BsonDocument { { "_id", 1 }, { "b", new byte[DocumentCollections.MaxDocumentBytes - Beside] } });
        Assert.Equal(DocumentCollections.MaxDocumentBytes, batch[0].Length);
        Assert.Empty((await Store.UpsertAsync("orders", batch, BulkOrder.Ordered, default)).Refused);
        Assert.Equal(DocumentCollections.MaxDocumentBytes, (await Store.GetAsync("orders", (BsonInt32)(1), default))!.Slice.Length);
    }

    [Fact]
    public async Task Many_documents_go_in_and_come_out_in_id_order()
    {
        var ids = Enumerable.Range(0, 5000).ToArray();
        Random.Shared.Shuffle(ids);
        Assert.Equal(5000, (await UpsertAsync([.. ids.Select(i => $$"""{"_id":{{i}},"at":{{i / 3}}}""")])).Changed);
        var all = new List<int>();
        BsonValue? from = null;
        while (await Store.FindAsync(new DocumentQuery("orders", 700) { From = from }, default) is { Count: > 0 } page)
        {
            all.AddRange(page.Select(document => document["_id"].ToInt32()));
            from = page[^1]["_id"];
        }

        Assert.Equal(Enumerable.Range(0, 5000), all);
    }

    [Fact]
    public async Task A_find_by_a_field_takes_ties_by_id_and_leaves_out_documents_without_it()
    {
        await UpsertAsync(
            """{"_id":"d","at":{"$date":{"$numberLong":"5"}}}""", """{"_id":"b","at":{"$date":{"$numberLong":"5"}}}""",
            """{"_id":"c","at":{"$date":{"$numberLong":"5"}}}""", """{"_id":"a","at":{"$date":{"$numberLong":"9"}}}""",
            """{"_id":"e","at":{"$date":{"$numberLong":"1"}}}""", """{"_id":"f"}""", """{"_id":"g","at":null}""");
        var five = ExtendedJson.ParseValue("""{"$date":{"$numberLong":"5"}}""");
        Assert.Equal("e b c d a", await IdsAsync(new DocumentQuery("orders", 10) { Field = "at" }));
        Assert.Equal("e b", await IdsAsync(new DocumentQuery("orders", 2) { Field = "at" }));
        Assert.Equal("b c d a", await IdsAsync(new DocumentQuery("orders", 10) { Field = "at", From = five }));
        Assert.Equal("c d a", await IdsAsync(new DocumentQuery("orders", 10) { Field = "at", From = five, AfterId = "b" }));
        Assert.Equal("", await IdsAsync(new DocumentQuery("orders", 10) { Field = "at", From = (BsonInt32)(0) }));
        Assert.Equal("", await IdsAsync(new DocumentQuery("nowhere", 10)));
    }

    [Fact]
    public async Task A_find_reaches_into_nested_documents_and_compares_numbers_of_all_types()
    {
        await UpsertAsync(
            """{"_id":"a","m":{"v":{"$numberLong":"-3"}}}""", """{"_id":"b","m":{"v":{"$numberDouble":"2.5"}}}""",
            """{"_id":"c","m":{"v":{"$numberDecimal":"2.25"}}}""", """{"_id":"d","m":{"v":10}}""", """{"_id":"e","m":1}""",
            """{"_id":"f","m":{"v":"2"}}""");
        Assert.Equal("a c b d f", await IdsAsync(new DocumentQuery("orders", 10) { Field = "m.v" }));
        Assert.Equal("b d", await IdsAsync(new DocumentQuery("orders", 10) { Field = "m.v", From = ExtendedJson.ParseValue("2.5") }));
    }

    [Fact]
    public async Task Collections_are_listed_and_dropped()
    {
        await UpsertAsync("""{"_id":1}""");
        using var batch = DocumentBatch.Of("""{"_id":1}""");
        await Store.UpsertAsync("another", batch, BulkOrder.Ordered, default);
        await CommitAsync(0, 1, """{"_id":2}""");
        Assert.Equal(["another", "orders"], await Store.ListCollectionsAsync(default));
        await Store.DropAsync("another", default);
        await Store.DropAsync("another", default);
        Assert.Equal(["orders"], await Store.ListCollectionsAsync(default));
        Assert.Equal(0, await Store.CountAsync("another", default));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a$b")]
    [InlineData("system.users")]
    [InlineData("tidemill_checkpoints")]
    public async Task Names_that_no_collection_can_have_are_refused(string name)
    {
        using var batch = DocumentBatch.Of("""{"_id":1}""");
        Assert.Equal(ErrorCode.InvalidRequest, (await Assert.ThrowsAsync<TidemillException>(
            () => Store.UpsertAsync(name, batch, BulkOrder.Ordered, default))).Code);
    }

    [Fact]
    public async Task A_commit_writes_documents_and_position_and_a_late_one_is_fenced()
    {
        Assert.Empty(await Store.ReadPositionsAsync(Owner, default));
        Assert.Equal(2, await CommitAsync(0, 2, """{"_id":1,"v":"first"}""", """{"_id":2}"""));
        Assert.Equal(1, await CommitAsync(2, 5, """{"_id":3}"""));
        Assert.Equal(new LogOffset(5), Assert.Single(await Store.ReadPositionsAsync(Owner, default)).Value);
        Assert.Empty(await Store.ReadPositionsAsync(Owner with { Sink = "other" }, default));
        foreach (var start in new[] { 0, 2, 4, 6 })
        {
            var late = await Assert.ThrowsAsync<TidemillException>(
                () => CommitAsync(start, 9, """{"_id":1,"v":"late"}""", """{"_id":9}"""));
            Assert.Equal(ErrorCode.CheckpointFenced, late.Code);
        }

        Assert.Equal("""{"_id":{"$numberInt":"1"},"v":"first"}""", await GetAsync("1"));
        Assert.Equal(3, await Store.CountAsync("orders", default));
        Assert.Equal(0, await CommitAsync(5, 7));
        Assert.Equal(new LogOffset(7), Assert.Single(await Store.ReadPositionsAsync(Owner, default)).Value);
    }

    [Fact]
    public async Task A_commit_names_every_refused_document_and_leaves_the_position()
    {
        await CommitAsync(0, 1, """{"_id":1}""");
        using var batch = DocumentBatch.Of("""{"_id":2}""");
        AddLarge(batch, 3);
        batch.Add(ExtendedJson.Parse("""{"_id":4}"""u8));
        AddLarge(batch, 5);
        foreach (var order in new[] { BulkOrder.Ordered, BulkOrder.Unordered })
        {
            var result = await Store.CommitAsync(
                new DocumentCommit(Owner, "orders", batch) { Ranges = [Range(1, 3)], Order = order }, default);
            Assert.Equal(
                [(1, DocumentCollections.TooLargeCode), (3, DocumentCollections.TooLargeCode)],
                result.Refused.Select(r => (r.Index, r.Code)));
            Assert.Equal(new LogOffset(1), Assert.Single(await Store.ReadPositionsAsync(Owner, default)).Value);
            Assert.Null(await GetAsync("3"));
            Assert.Null(await GetAsync("5"));
        }
    }

    [Fact]
    public async Task Concurrent_writers_lose_nothing_and_one_of_two_commits_wins()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 10; n++)
                await UpsertAsync($$"""{"_id":"{{writer}}-{{n}}"}""", """{"_id":"shared"}""");
        })));
        Assert.Equal(81, await Store.CountAsync("orders", default));
        await CommitAsync(0, 1, """{"_id":"x"}""");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 6).Select(writer => Task.Run(async () =>
        {
            try
            {
                await CommitAsync(1, 10 + writer, $$"""{"_id":"w","writer":{{writer}}}""");
                return writer;
            }
            catch (TidemillException error)
            {
                Assert.True(error.Code is ErrorCode.CheckpointFenced or ErrorCode.TransactionConflict, error.Message);
                return -1;
            }
        })));
        var winner = Assert.Single(outcomes, outcome => outcome >= 0);
        Assert.Equal(new LogOffset(10 + winner), Assert.Single(await Store.ReadPositionsAsync(Owner, default)).Value);
    }

    protected async Task<BulkResult> UpsertAsync(params string[] documents)
    {
        using var batch = DocumentBatch.Of(documents);
        return await Store.UpsertAsync("orders", batch, BulkOrder.Ordered, default);
    }

    protected async Task<long> CommitAsync(long start, long end, params string[] documents)
    {
        var result = await ResultAsync(start, end, documents);
        Assert.Empty(result.Refused);
        return result.Changed;
    }

    /// <summary>A commit that must be refused.</summary>
    protected async Task<IReadOnlyList<RefusedDocument>> RefusedAsync(long start, long end, params string[] documents) =>
        (await ResultAsync(start, end, documents)).Refused;

    private async Task<BulkResult> ResultAsync(long start, long end, string[] documents)
    {
        using var batch = DocumentBatch.Of(documents);
        return await Store.CommitAsync(new DocumentCommit(Owner, "orders", batch) { Ranges = [Range(start, end)] }, default);
    }

    protected async Task<string?> GetAsync(string id) =>
        await Store.GetAsync("orders", ExtendedJson.ParseValue(id), default) is { } document
            ? ExtendedJson.Text(document)
            : null;

    /// <summary>Adds a document beyond MongoDB's bound.</summary>
    private static void AddLarge(DocumentBatch batch, int id) =>
        batch.Add(new BsonDocument { { "_id", id }, { "large", new byte[DocumentCollections.MaxDocumentBytes] } });

    private static OffsetRange Range(long start, long end) => new(Partition, new LogOffset(start), new LogOffset(end));

    private async Task<string> IdsAsync(DocumentQuery query) =>
        string.Join(
            ' ', (await Store.FindAsync(query, default)).Select(document => document["_id"].AsString));
}
