using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Search;

/// <summary>Users, API keys and TLS on a server that has them.</summary>
public sealed class SecureServerTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Credentials_and_certificates_are_checked_and_what_is_wrong_is_said_without_secrets()
    {
        await using var server = await SearchServer.StartSecureAsync();
        var right = server.Connection();
        var store = new ElasticsearchStore(right, TimeProvider.System);
        await store.EnsureIndexAsync(
            "docs", new Core.Search.IndexSettings(new Core.Search.IndexMapping(new Dictionary<string, string>())), Token);
        Assert.Single(await store.ListIndexesAsync(Token));

        await RefusedAsync(right with { Password = "mistaken" }, "401", "mistaken");
        await RefusedAsync(right with { User = null, Password = null }, "401", null);
        await RefusedAsync(right with { User = null, Password = null, ApiKey = Convert.ToBase64String("a:b"u8) }, "401", null);
        await RefusedAsync(right with { Ca = null }, "`ca`", null);
        Assert.Equal(
            ErrorCode.ConfigurationInvalid,
            Assert.Throws<TidemillException>(() => new ElasticsearchStore(right with { Ca = "/nowhere.pem" }, TimeProvider.System)).Code);

        var key = await ApiKeyAsync(
            server,
            """{"name":"reader","role_descriptors":{"r":{"cluster":["monitor"],"indices":[{"names":["*"],"privileges":["read","view_index_metadata","monitor"]}]}}}""");
        await using var reader = new ElasticsearchStore(right with { User = null, Password = null, ApiKey = key }, TimeProvider.System);
        Assert.Single(await reader.ListIndexesAsync(Token));
        var error = await Assert.ThrowsAsync<TidemillException>(() => reader.DeleteIndexAsync("docs", Token));
        Assert.Equal(ErrorCode.AccessDenied, error.Code);
        Assert.Contains("right", error.Message, StringComparison.Ordinal);
        await SearchServer.CleanAsync(store);
    }

    private static async Task RefusedAsync(SearchConnection connection, string says, string? secret)
    {
        await using var store = new ElasticsearchStore(connection, TimeProvider.System);
        var error = await Assert.ThrowsAsync<TidemillException>(() => store.ListIndexesAsync(Token));
        Assert.Equal(ErrorCode.AccessDenied, error.Code);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret ?? "no secret", error.ToString(), StringComparison.Ordinal);
    }

    private static async Task<string> ApiKeyAsync(SearchServer server, string body)
    {
        using var http = new HttpClient(ElasticsearchHandlers.Create(server.Connection()));
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(
            "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{server.User}:{server.Password}")));
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync($"{server.Url}/_security/api_key", content, Token);
        var key = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(Token)).RootElement;
        return Convert.ToBase64String(
            Encoding.UTF8.GetBytes($"{key.GetProperty("id").GetString()}:{key.GetProperty("api_key").GetString()}"));
    }
}
