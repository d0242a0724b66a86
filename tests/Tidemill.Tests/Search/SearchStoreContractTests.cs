using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;

namespace Tidemill.Tests.Search;

/// <summary>What every <see cref="ISearchStore"/> keeps to; run once against each.</summary>
public abstract class SearchStoreContractTests(IEmptySearchStore empty) : IAsyncLifetime
{
    private static readonly IndexMapping Hours = new(new Dictionary<string, string>
    {
        ["hour"] = "date",
        ["total"] = "long",
        ["small"] = "integer",
        ["amount"] = "double",
        ["ratio"] = "float",
        ["currency"] = "keyword",
        ["note"] = "text",
        ["late"] = "boolean",
    });

    private ISearchStore _store = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await empty.OpenAsync();
        await _store.EnsureIndexAsync("hours", Hours, default);
    }

    public async ValueTask DisposeAsync()
    {
        await empty.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Writing_a_document_again_changes_nothing()
    {
        var first = await WriteAsync(("2026-01-01T10:00:00Z", """{"total": 3}"""), ("2026-01-01T11:00:00Z", """{"total": 4}"""));
        Assert.All(first, document => Assert.Equal((IndexOutcome.Created, 1, null), (document.Outcome, document.Version, document.Reason)));
        var again = await WriteAsync(("2026-01-01T10:00:00Z", """{"total": 3}"""), ("2026-01-01T11:00:00Z", """{"total": 5}"""));
        Assert.Equal(
            [(IndexOutcome.Unchanged, 1L), (IndexOutcome.Updated, 2L)], again.Select(document => (document.Outcome, document.Version)));
        Assert.Equal(["2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"], again.Select(document => document.Id));
        Assert.Equal(5, (await _store.GetAsync("hours", "2026-01-01T11:00:00Z", default))!.Value.GetProperty("total").GetInt32());
        Assert.Equal(2, (await SearchAsync(null)).Total);
    }

    [Fact]
    public async Task Of_equal_ids_in_one_request_the_last_wins()
    {
        var results = await WriteAsync(("a", """{"total": 1}"""), ("a", """{"total": 2}"""), ("a", """{"total": 2}"""));
        Assert.Equal([IndexOutcome.Created, IndexOutcome.Updated, IndexOutcome.Unchanged], results.Select(document => document.Outcome));
        Assert.Equal(2, Assert.Single((await SearchAsync(null)).Hits).Version);
    }

    [Theory]
    [InlineData("""{"total": "many"}""", "total")]
    [InlineData("""{"total": true}""", "total")]
    [InlineData("""{"total": {"sum": 1}}""", "total")]
    [InlineData("""{"total": [1, "x"]}""", "total")]
    [InlineData("""{"total": 9223372036854775808}""", "total")]
    [InlineData("""{"small": 2147483648}""", "small")]
    [InlineData("""{"ratio": 1e39}""", "ratio")]
    [InlineData("""{"late": "yes"}""", "late")]
    [InlineData("""{"late": 1}""", "late")]
    [InlineData("""{"hour": "yesterday"}""", "hour")]
    [InlineData("""{"hour": "2026-02-30"}""", "hour")]
    [InlineData("""{"hour": "2026-01-01 10:00:00"}""", "hour")]
    [InlineData("""{"currency": {"code": "EUR"}}""", "currency")]
    [InlineData("""{"total": 1""", null)]
    [InlineData("""{"total": 1, "total": 2}""", null)]
    [InlineData("""[1]""", null)]
    [InlineData("", null)]
    public async Task A_document_that_does_not_fit_is_rejected_with_the_reason_and_the_others_are_written(string source, string? field)
    {
        await WriteAsync(("b", """{"total": 7}"""));
        var results = await WriteAsync(("a", """{"total": 1}"""), ("b", source), ("c", """{"total": 2}"""));
        Assert.Equal([IndexOutcome.Created, IndexOutcome.Rejected, IndexOutcome.Created], results.Select(document => document.Outcome));
        Assert.False(string.IsNullOrEmpty(results[1].Reason));
        Assert.Contains(field ?? "", results[1].Reason, StringComparison.Ordinal);
        Assert.Equal(7, (await _store.GetAsync("hours", "b", default))!.Value.GetProperty("total").GetInt32());
        Assert.Equal(3, (await SearchAsync(null)).Total);
    }

    [Theory]
    [InlineData("""{"total": "12", "amount": "1.5", "small": 1.9, "late": "true"}""")]
    [InlineData("""{"total": null, "amount": [1, 2.5], "currency": 5, "note": false, "hour": []}""")]
    [InlineData("""{"hour": "2026-01-01T10:00:00.123456Z"}""")]
    [InlineData("""{"hour": "2026-01-01T10:00+02:00"}""")]
    [InlineData("""{"hour": "2026-01-01"}""")]
    [InlineData("""{"hour": 1767261600000}""")]
    [InlineData("""{"amount": 123456789.123456789123456789, "total": -9223372036854775808}""")]
    [InlineData("""{"total": 9223372036854775807}""")]
    [InlineData("""{"total": 1e3}""")]
    [InlineData("""{"amount": "", "total": "", "late": ""}""")]
    [InlineData("{}")]
    public async Task Values_that_elasticsearch_coerces_are_taken_and_read_back_as_written(string source)
    {
        Assert.Equal(IndexOutcome.Created, (await WriteAsync(("a", source)))[0].Outcome);
        var found = await _store.GetAsync("hours", "a", default);
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(source).RootElement, found!.Value));
    }

    [Fact]
    public async Task Unknown_fields_are_mapped_by_their_first_value()
    {
        const string Source = """{"n": 1, "x": 1.5, "b": true, "s": "hello", "d": "2026-01-01", "o": {"p": [null, 3]}, "none": null}""";
        Assert.Equal(IndexOutcome.Created, (await WriteAsync(("a", Source)))[0].Outcome);
        var mapping = (await _store.ListIndexesAsync(default))[0].Mapping.Fields;
        Assert.Equal(
            [("n", "long"), ("x", "float"), ("b", "boolean"), ("s", "text"), ("d", "date"), ("o.p", "long")],
            new[] { "n", "x", "b", "s", "d", "o.p" }.Select(name => (name, mapping[name])));
        Assert.False(mapping.ContainsKey("none"));
        var results = await WriteAsync(
            ("b", """{"n": "x"}"""), ("c", """{"o": 1}"""), ("d", """{"b": "maybe", "fresh": 1}"""), ("e", """{"o": {"p": 4}}"""));
        Assert.Equal(
            [IndexOutcome.Rejected, IndexOutcome.Rejected, IndexOutcome.Rejected, IndexOutcome.Created],
            results.Select(document => document.Outcome));
        Assert.False((await _store.ListIndexesAsync(default))[0].Mapping.Fields.ContainsKey("fresh"));
    }

    [Fact]
    public async Task Indexes_are_listed_created_once_and_deleted()
    {
        await _store.EnsureIndexAsync("another", new IndexMapping(new Dictionary<string, string>()), default);
        await _store.EnsureIndexAsync("hours", Hours, default);
        await WriteAsync(("a", """{"total": 1}"""), ("b", """{"total": 1}"""));
        Assert.Equal(
            [("another", 0L), ("hours", 2L)], (await _store.ListIndexesAsync(default)).Select(index => (index.Name, index.Documents)));
        Assert.Equal("date", (await _store.ListIndexesAsync(default))[1].Mapping.Fields["hour"]);
        await _store.DeleteIndexAsync("hours", default);
        Assert.Equal("another", Assert.Single(await _store.ListIndexesAsync(default)).Name);
        await _store.EnsureIndexAsync("hours", Hours, default);
        Assert.Equal(0, (await SearchAsync(null)).Total);
    }

    [Fact]
    public async Task A_mapping_grows_and_never_changes_a_type()
    {
        await _store.EnsureIndexAsync("hours", new IndexMapping(new Dictionary<string, string> { ["extra"] = "keyword" }), default);
        var fields = (await _store.ListIndexesAsync(default))[0].Mapping.Fields;
        Assert.Equal(("keyword", "date"), (fields["extra"], fields["hour"]));
        await ThrowsAsync(
            ErrorCode.SchemaConflict,
            () => _store.EnsureIndexAsync("hours", new IndexMapping(new Dictionary<string, string> { ["total"] = "keyword" }), default));
        await ThrowsAsync(
            ErrorCode.InvalidRequest,
            () => _store.EnsureIndexAsync("hours", new IndexMapping(new Dictionary<string, string> { ["x"] = "number" }), default));
    }

    [Fact]
    public async Task An_index_that_is_not_there_is_not_found_and_a_bad_name_refused()
    {
        await ThrowsAsync(ErrorCode.NotFound, () => _store.BulkAsync("nowhere", [Document("a", "{}")], default));
        await ThrowsAsync(ErrorCode.NotFound, () => _store.SearchAsync("nowhere", null, 0, 10, default));
        await ThrowsAsync(ErrorCode.NotFound, () => _store.GetAsync("nowhere", "a", default));
        await ThrowsAsync(ErrorCode.NotFound, () => _store.DeleteIndexAsync("nowhere", default));
        Assert.Null(await _store.GetAsync("hours", "nobody", default));
        foreach (var name in new[] { "", "Hours", "_hours", "a b", "a/b", "..", new string('x', 256) })
            await ThrowsAsync(ErrorCode.InvalidRequest, () => _store.EnsureIndexAsync(name, Hours, default));
    }

    [Theory]
    [InlineData("completed", "a b")]
    [InlineData("COMPLETED eur", "a")]
    [InlineData("  eur   Completed ", "a")]
    [InlineData("complete", "")]
    [InlineData("12.50", "a")]
    [InlineData("note", "")]
    [InlineData("straße", "b")]
    [InlineData("nested", "b")]
    [InlineData("it's", "c")]
    [InlineData("100% _", "c")]
    [InlineData("2026-01-01", "c")]
    [InlineData("", "a b c")]
    public async Task A_search_finds_documents_that_hold_every_word(string text, string ids)
    {
        await WriteAsync(
            ("c", """{"note": "It's 100% done _", "hour": "2026-01-01"}"""),
            ("b", """{"note": "Completed: STRAßE", "deep": {"list": ["a nested one"]}}"""),
            ("a", """{"note": "completed", "currency": "EUR", "amount": 12.50}"""));
        var page = await SearchAsync(text);
        Assert.Equal(ids, string.Join(' ', page.Hits.Select(hit => hit.Id)));
        Assert.Equal(page.Hits.Count, page.Total);
    }

    [Fact]
    public async Task Pages_come_in_id_order()
    {
        var documents = Enumerable.Range(0, 2345).Select(n => Document($"d{n:0000}", $$"""{"total": {{n}}}""")).ToArray();
        Random.Shared.Shuffle(documents);
        var results = await _store.BulkAsync("hours", documents, default);
        Assert.Equal(documents.Select(document => document.Id), results.Select(result => result.Id));
        var page = await _store.SearchAsync("hours", null, 1000, 3, default);
        Assert.Equal(2345, page.Total);
        Assert.Equal(["d1000", "d1001", "d1002"], page.Hits.Select(hit => hit.Id));
        Assert.Equal([1000, 1001, 1002], page.Hits.Select(hit => hit.Source.GetProperty("total").GetInt32()));
        Assert.Empty((await _store.SearchAsync("hours", null, 2345, 10, default)).Hits);
        await ThrowsAsync(ErrorCode.InvalidRequest, () => _store.SearchAsync("hours", null, -1, 10, default));
        await ThrowsAsync(ErrorCode.InvalidRequest, () => _store.SearchAsync("hours", null, 9_995, 10, default));
    }

    [Fact]
    public async Task Ids_are_bounded_and_otherwise_free()
    {
        var ids = new[] { "ü/ 'q' \"", "$1", new string('x', 512), "", new string('x', 513) };
        var results = await WriteAsync([.. ids.Select(id => (id, """{"total": 1}"""))]);
        Assert.Equal([false, false, false, true, true], results.Select(result => result.Outcome == IndexOutcome.Rejected));
        foreach (var id in ids[..3])
            Assert.NotNull(await _store.GetAsync("hours", id, default));
    }

    [Fact]
    public async Task Concurrent_writers_and_readers_lose_nothing()
    {
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var n = 0; n < 5; n++)
            {
                var own = Document($"w{writer}-{n}", """{"total": 1}""");
                var shared = Document("shared", string.Create(CultureInfo.InvariantCulture, $$"""{"total": {{(writer * 10) + n}}}"""));
                Assert.DoesNotContain(
                    await _store.BulkAsync("hours", [own, shared], default), result => result.Outcome == IndexOutcome.Rejected);
                Assert.True((await SearchAsync(null)).Total > 0);
            }
        }));
        await Task.WhenAll(writers);
        var page = await SearchAsync(null);
        Assert.Equal(41, page.Total);
        Assert.Equal(40, page.Hits.Single(hit => hit.Id == "shared").Version);
    }

    protected Task<IReadOnlyList<IndexedDocument>> WriteAsync(params (string Id, string Source)[] documents) =>
        _store.BulkAsync("hours", [.. documents.Select(document => Document(document.Id, document.Source))], default);

    protected Task<SearchPage> SearchAsync(string? text) => _store.SearchAsync("hours", text, 0, 100, default);

    private static SearchDocument Document(string id, string source) => new(id, Encoding.UTF8.GetBytes(source));

    private static async Task ThrowsAsync(ErrorCode code, Func<Task> action) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<TidemillException>(action)).Code);
}
