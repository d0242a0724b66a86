using System.Text.Json;
using System.Text.Json.Nodes;
using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Search;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Search;

/// <summary>
/// Templates, aliases and settings as the server has them, and lifecycle policies as they are asked for: neither test server
/// has lifecycles, so a proxy answers in their place with what the products' documentation says.
/// </summary>
public sealed class ServerAdministrationTests
{
    private static readonly LifecycleDefinition Monthly = new(
        "monthly")
    { ReadOnlyAfter = TimeSpan.FromDays(7), DeleteAfter = TimeSpan.FromDays(30) };

    private static readonly IndexSettings Settings = new(
        new IndexMapping(new Dictionary<string, string> { ["at"] = "date", ["n"] = "long" }))
    {
        Aliases = ["tx"],
        Template = "tx",
        Shards = 2,
        Replicas = 0,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SearchType.Elasticsearch)]
    [InlineData(SearchType.OpenSearch)]
    public async Task Templates_aliases_and_shards_are_on_the_server(SearchType type)
    {
        var server = await SearchServer.SharedAsync(type);
        var connection = server.Connection();
        var store = new ElasticsearchStore(connection, TimeProvider.System);
        using var http = new HttpClient { BaseAddress = new Uri(server.Url) };
        Assert.Empty(await store.PrepareAsync("tx-*", Settings, Token));
        await store.EnsureIndexAsync("tx-2026.01", Settings, Token);

        var template = JsonDocument.Parse(await http.GetStringAsync($"/_index_template/{connection.Prefix}tx", Token)).RootElement
            .GetProperty("index_templates")[0].GetProperty("index_template");
        Assert.Equal($"{connection.Prefix}tx-*", template.GetProperty("index_patterns")[0].GetString());

        using var made = await http.PutAsync($"/{connection.Prefix}tx-2026.02", null, Token);
        var indexes = JsonDocument.Parse(await http.GetStringAsync($"/{connection.Prefix}tx", Token)).RootElement.EnumerateObject()
            .ToList();
        Assert.Equal(["tx-2026.01", "tx-2026.02"], indexes.Select(i => i.Name[connection.Prefix.Length..]).Order());
        Assert.All(indexes, i =>
        {
            Assert.Equal(
                "long", i.Value.GetProperty("mappings").GetProperty("properties").GetProperty("n").GetProperty("type").GetString());
            Assert.Equal("2", i.Value.GetProperty("settings").GetProperty("index").GetProperty("number_of_shards").GetString());
            Assert.Equal("0", i.Value.GetProperty("settings").GetProperty("index").GetProperty("number_of_replicas").GetString());
        });

        await store.EnsureIndexAsync(
            "tx-2026.01",
            Settings with { Aliases = ["tx", "first"], Mapping = new IndexMapping(new Dictionary<string, string> { ["more"] = "text" }) },
            Token);
        Assert.Equal(0, (await store.SearchAsync("first", null, 0, 1, Token)).Total);
        using var removed = await http.DeleteAsync($"/_index_template/{connection.Prefix}tx", Token);
        await SearchServer.CleanAsync(store);
    }

    [Theory]
    [InlineData(SearchType.Elasticsearch, "ILM")]
    [InlineData(SearchType.OpenSearch, "ISM")]
    public async Task A_server_without_lifecycles_is_an_error_or_when_optional_a_note(SearchType type, string product)
    {
        var store = new ElasticsearchStore((await SearchServer.SharedAsync(type)).Connection(), TimeProvider.System);
        var wanted = Settings with { Template = null, Lifecycle = Monthly };
        var error = await Assert.ThrowsAsync<TidemillException>(() => store.PrepareAsync("tx-*", wanted, Token));
        Assert.Equal(ErrorCode.ConfigurationInvalid, error.Code);
        Assert.Contains(product, error.Message, StringComparison.Ordinal);
        Assert.Contains("optional: true", error.Message, StringComparison.Ordinal);

        var optional = wanted with { Lifecycle = Monthly with { Optional = true } };
        Assert.Contains("kept for ever", Assert.Single(await store.PrepareAsync("tx-*", optional, Token)), StringComparison.Ordinal);
        await store.EnsureIndexAsync("tx-1", optional, Token);
        await SearchServer.CleanAsync(store);
    }

    [Fact]
    public async Task On_Elasticsearch_the_policy_is_written_and_indexes_name_it()
    {
        var server = await SearchServer.SharedAsync(SearchType.Elasticsearch);
        await using var proxy = await SearchProxy.StartAsync(server.Url);
        var connection = server.Connection() with { Urls = [proxy.Url] };
        proxy.Answer = request => request.Path.StartsWith("/_ilm/", StringComparison.Ordinal)
            ? new ProxyAnswer(200, """{"acknowledged":true}""")
            : null;
        proxy.Rewrite = body =>
            body.Replace($"\"index.lifecycle.name\":\"{connection.Prefix}monthly\"", "\"index.hidden\":false", StringComparison.Ordinal);
        var store = new ElasticsearchStore(connection, TimeProvider.System);
        var settings = Settings with { Template = null, Lifecycle = Monthly };
        Assert.Empty(await store.PrepareAsync("tx-*", settings, Token));
        await store.EnsureIndexAsync("tx-1", settings, Token);

        var policy = Assert.Single(proxy.Requests, r => r.Path == $"/_ilm/policy/{connection.Prefix}monthly");
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(policy.Body!), JsonNode.Parse(
            """{"policy":{"phases":{"hot":{"actions":{}},"warm":{"min_age":"7d","actions":{"readonly":{},"forcemerge":{"max_num_segments":1}}},"delete":{"min_age":"30d","actions":{"delete":{}}}}}}""")), policy.Body);
        var created = Assert.Single(proxy.Requests, r => r.Method == "PUT" && r.Path == $"/{connection.Prefix}tx-1");
        Assert.Equal(
            $"{connection.Prefix}monthly", JsonNode.Parse(created.Body!)!["settings"]!["index.lifecycle.name"]!.GetValue<string>());

        await store.EnsureIndexAsync("tx-1", settings, Token);
        Assert.Single(proxy.Requests, r => r.Method == "PUT" && r.Path == $"/{connection.Prefix}tx-1/_settings");
        await SearchServer.CleanAsync(store);
    }

    [Fact]
    public async Task On_OpenSearch_the_policy_names_its_indexes_and_is_replaced_at_the_version_read()
    {
        var server = await SearchServer.SharedAsync(SearchType.OpenSearch);
        await using var proxy = await SearchProxy.StartAsync(server.Url);
        var connection = server.Connection() with { Urls = [proxy.Url] };
        var exists = false;
        proxy.Answer = request => !request.Path.StartsWith("/_plugins/_ism/", StringComparison.Ordinal) ? null
            : request.Method != "GET" ? new ProxyAnswer(200, """{"updated_indices":1,"failures":false}""")
            : exists
            ? new ProxyAnswer(200, """{"_id":"monthly","_seq_no":7,"_primary_term":2}""")
            : new ProxyAnswer(404, """{"error":{"type":"status_exception"}}""");
        var store = new ElasticsearchStore(connection, TimeProvider.System);
        var settings = Settings with { Template = null, Lifecycle = Monthly };
        Assert.Empty(await store.PrepareAsync("tx-*", settings, Token));
        await store.EnsureIndexAsync("tx-1", settings, Token);
        await store.EnsureIndexAsync("tx-1", settings, Token);
        exists = true;
        await store.PrepareAsync("tx-*", settings, Token);

        var path = $"/_plugins/_ism/policies/{connection.Prefix}monthly";
        var puts = proxy.Requests.Where(r => r.Method == "PUT" && r.Path.StartsWith(path, StringComparison.Ordinal)).ToList();
        Assert.Equal([path, $"{path}?if_seq_no=7&if_primary_term=2"], puts.Select(p => p.Path));
        var policy = JsonNode.Parse(puts[0].Body!)!["policy"]!;
        Assert.Equal($"{connection.Prefix}tx-*", policy["ism_template"]![0]!["index_patterns"]![0]!.GetValue<string>());
        Assert.Equal(["hot", "settled", "deleted"], policy["states"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()));
        Assert.Equal("7d", policy["states"]![0]!["transitions"]![0]!["conditions"]!["min_index_age"]!.GetValue<string>());
        Assert.Equal("""[{"delete":{}}]""", policy["states"]![2]!["actions"]!.ToJsonString());
        var added = Assert.Single(proxy.Requests, r => r.Path == $"/_plugins/_ism/add/{connection.Prefix}tx-1");
        Assert.Equal($$"""{"policy_id":"{{connection.Prefix}}monthly"}""", added.Body);
        await SearchServer.CleanAsync(store);
    }
}
