using Tidemill.Connectors.DuckDb;
using Tidemill.Connectors.Search.Embedded;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.Core.Warehouses;
using Tidemill.Workflows.Tasks.Index;

namespace Tidemill.Tests.Workflows.Tasks;

public sealed class IndexTaskTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-index-").FullName;
    private DuckDbWarehouse _warehouse = null!;
    private EmbeddedSearchStore _search = null!;

    public async ValueTask InitializeAsync()
    {
        _warehouse = await DuckDbWarehouse.OpenAsync(Path.Combine(_folder, "warehouse.duckdb"), new WarehouseConnection(), default);
        _search = await EmbeddedSearchStore.OpenAsync(_folder, default);
    }

    public async ValueTask DisposeAsync()
    {
        await _search.DisposeAsync();
        await _warehouse.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Values_keep_their_types_and_the_hour_is_the_id()
    {
        const string Query = """
            SELECT TIMESTAMP '2026-01-01 10:00:00' AS event_hour, 12::BIGINT AS total, 1234567890123.4500::DECIMAL(20,4) AS amount,
                0.25::DOUBLE AS ratio, true AS late, 'EUR "1"' AS currency, DATE '2026-01-01' AS day, NULL::INTEGER AS nothing,
                TIMESTAMP '2026-01-01 10:00:00.123' AS seen, '{"a": [1]}'::JSON AS extra, 170141183460469231731687303715884105727::HUGEINT AS huge,
                '00000000-0000-0000-0000-000000000001'::UUID AS uid, [1, 2] AS list
            """;
        Assert.Equal(1, await IndexAsync(Query));
        var document = await _search.GetAsync("hours", "2026-01-01T10:00:00Z", default);
        Assert.Equal(
            """{"event_hour":"2026-01-01T10:00:00Z","total":12,"amount":1234567890123.4500,"ratio":0.25,"late":true,"currency":"EUR \u00221\u0022","day":"2026-01-01","nothing":null,"seen":"2026-01-01T10:00:00.123Z","extra":{"a": [1]},"huge":170141183460469231731687303715884105727,"uid":"00000000-0000-0000-0000-000000000001","list":[1,2]}""",
            document!.Value.GetRawText());
        var mapping = (await _search.ListIndexesAsync(default))[0].Mapping.Fields;
        Assert.Equal(
            ["date", "long", "double", "double", "boolean", "keyword", "date", "integer", "date", "keyword"],
            new[] { "event_hour", "total", "amount", "ratio", "late", "currency", "day", "nothing", "seen", "uid" }.Select(
                name => mapping[name]));
    }

    [Fact]
    public async Task Nested_values_are_arrays_and_objects()
    {
        const string Query = """
            SELECT 1 AS event_hour, MAP {'k': 1, 'l': NULL} AS by_text, MAP {1: 'a'} AS by_number,
                {'at': TIMESTAMP '2026-01-01 10:00:00', 'spans': [INTERVAL '14 months', INTERVAL '36 hours']} AS nested,
                123456789012345678901234567890123456.78::DECIMAL(38,2) AS wide, union_value(n := 5) AS either
            """;
        Assert.Equal(1, await IndexAsync(Query));
        Assert.Equal(
            """{"event_hour":1,"by_text":{"k":1,"l":null},"by_number":[{"key":1,"value":"a"}],"nested":{"at":"2026-01-01T10:00:00Z","spans":["P1Y2M","PT36H"]},"wide":123456789012345678901234567890123456.78,"either":5}""",
            (await _search.GetAsync("hours", "1", default))!.Value.GetRawText());
    }

    [Fact]
    public async Task Running_twice_changes_nothing_and_a_backfill_only_what_differs()
    {
        const string Query = "SELECT TIMESTAMP '2026-01-01' + to_hours(n::INTEGER) AS event_hour, n % 10 AS total FROM range(2500) t(n)";
        Assert.Equal(2500, await IndexAsync(Query));
        Assert.Equal(2500, await IndexAsync(Query));
        var page = await _search.SearchAsync("hours", null, 0, 10_000, default);
        Assert.Equal(2500, page.Total);
        Assert.All(page.Hits, hit => Assert.Equal(1, hit.Version));
        await IndexAsync(Query.Replace("n % 10", "CASE n WHEN 7 THEN 99 ELSE n % 10 END", StringComparison.Ordinal));
        Assert.Equal(
            "2026-01-01T07:00:00Z",
            Assert.Single((await _search.SearchAsync("hours", null, 0, 10_000, default)).Hits, hit => hit.Version == 2).Id);
    }

    [Fact]
    public async Task A_declared_type_wins_over_the_columns()
    {
        await IndexAsync("SELECT 'a' AS event_hour, 'x y' AS note, 5 AS code", new() { ["note"] = "text", ["code"] = "keyword" });
        var mapping = (await _search.ListIndexesAsync(default))[0].Mapping.Fields;
        Assert.Equal(("text", "keyword"), (mapping["note"], mapping["code"]));
    }

    [Theory]
    [InlineData("SELECT 1 AS total", ErrorCode.ConfigurationInvalid, "workflows/w.yaml:9: The query has no column event_hour")]
    [InlineData(
        "SELECT 1 AS event_hour, 2 AS total, 3 AS total", ErrorCode.SqlInvalid, "workflows/w.yaml:9: The query has 2 columns named total")]
    [InlineData("SELECT NULL::TIMESTAMP AS event_hour", ErrorCode.RowRejected, "Column event_hour, the document id, is NULL or empty")]
    [InlineData("SELECT 1 AS event_hour, 'nan'::DOUBLE AS ratio", ErrorCode.RowRejected, "Column ratio holds a number that is not finite")]
    [InlineData("SELECT nothing FROM nowhere", ErrorCode.SqlInvalid, "nowhere")]
    [InlineData("CREATE TABLE t (n INTEGER)", ErrorCode.SqlInvalid, "")]
    public async Task A_query_that_makes_no_documents_fails_with_the_reason(string query, ErrorCode code, string message)
    {
        var error = await Assert.ThrowsAsync<TidemillException>(() => IndexAsync(query));
        Assert.Equal(code, error.Code);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refused_documents_fail_the_task_after_the_others_are_written()
    {
        const string Query = "SELECT n AS event_hour, CASE n WHEN 3 THEN 'x' ELSE '5' END AS total FROM range(10) t(n)";
        var error = await Assert.ThrowsAsync<TidemillException>(() => IndexAsync(Query, new() { ["total"] = "integer" }));
        Assert.Equal(ErrorCode.RowRejected, error.Code);
        Assert.StartsWith(
            "Index hours refused 1 of 10 documents; the first reason: field total is integer", error.Message, StringComparison.Ordinal);
        Assert.Equal(9, (await _search.SearchAsync("hours", null, 0, 100, default)).Total);
    }

    private async Task<long> IndexAsync(string query, Dictionary<string, string>? mapping = null)
    {
        var action = new IndexAction("hours", new SqlText(query, "workflows/w.yaml", 9), "event_hour", mapping ?? []);
        var stores = new OpenStores().With<IWarehouse>(_warehouse).With<ISearchStore>(_search);
        var context = new TaskContext(Guid.NewGuid(), "w", "index", 1, new DataInterval(default, default), stores);
        return (await action.Kind.RunAsync(action, context, default)).Records;
    }
}
