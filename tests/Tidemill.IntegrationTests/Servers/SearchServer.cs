using System.Globalization;
using Tidemill.Connectors.Search.Elasticsearch;
using Tidemill.Core.Configuration;

[assembly: AssemblyFixture(typeof(Tidemill.IntegrationTests.Servers.SharedSearchServers))]

namespace Tidemill.IntegrationTests.Servers;

/// <summary>Stops the shared servers when the last test is through.</summary>
public sealed class SharedSearchServers : IAsyncDisposable
{
    public ValueTask DisposeAsync() => SearchServer.StopSharedAsync();
}

/// <summary>
/// Elasticsearch or OpenSearch for tests: the server that TIDEMILL_TEST_ELASTICSEARCH or TIDEMILL_TEST_OPENSEARCH names, else
/// one from ../shared/servers on a port of its own. Tests share it and keep apart by prefixes.
/// </summary>
public sealed class SearchServer : IAsyncDisposable
{
    private static readonly Lazy<Task<SearchServer?>> SharedElasticsearch = new(() => FindOrStartAsync(SearchType.Elasticsearch));
    private static readonly Lazy<Task<SearchServer?>> SharedOpenSearch = new(() => FindOrStartAsync(SearchType.OpenSearch));

    private readonly SearchType _type;
    private readonly ServerScript? _script;

    private SearchServer(SearchType type, string url, ServerScript? script) => (_type, Url, _script) = (type, url, script);

    public string Url { get; }

    /// <summary>The user that a server started with basic authentication knows.</summary>
    public string? User { get; private init; }

    public string? Password { get; private init; }

    /// <summary>PEM file of the authority, when the server speaks TLS.</summary>
    public string? Ca { get; private init; }

    /// <summary>The server all tests of this process share; the test is skipped when there is none, but fails on CI.</summary>
    public static async Task<SearchServer> SharedAsync(SearchType type) =>
        Required(await (type == SearchType.OpenSearch ? SharedOpenSearch : SharedElasticsearch).Value);

    /// <summary>An Elasticsearch of the caller's own with users and TLS.</summary>
    public static async Task<SearchServer> StartSecureAsync() =>
        Required(await StartAsync(SearchType.Elasticsearch, "--basic-auth", "--tls"));

    internal static async ValueTask StopSharedAsync()
    {
        foreach (var shared in new[] { SharedElasticsearch, SharedOpenSearch }.Where(s => s.IsValueCreated))
            await ((await shared.Value)?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    /// <summary>A connection that sees only what it writes itself.</summary>
    public SearchConnection Connection() => new()
    {
        Type = _type,
        Urls = [Url],
        User = User,
        Password = Password,
        Ca = Ca,
        Prefix = $"t{Guid.NewGuid():N}-",
    };

    /// <summary>Deletes what was written under the connection's prefix, and closes the store.</summary>
    public static async Task CleanAsync(ElasticsearchStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        foreach (var index in await store.ListIndexesAsync(default))
            await store.DeleteIndexAsync(index.Name, default);

        await store.DisposeAsync();
    }

    public ValueTask DisposeAsync() => _script?.DisposeAsync() ?? default;

    private static async Task<SearchServer?> FindOrStartAsync(SearchType type)
    {
        var variable = $"TIDEMILL_TEST_{Name(type).ToUpperInvariant()}";
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } given)
        {
            return new SearchServer(type, given, null)
            {
                User = Environment.GetEnvironmentVariable($"{variable}_USER"),
                Password = Environment.GetEnvironmentVariable($"{variable}_PASSWORD"),
                Ca = Environment.GetEnvironmentVariable($"{variable}_CA"),
            };
        }

        return await StartAsync(type);
    }

    private static async Task<SearchServer?> StartAsync(SearchType type, params string[] options)
    {
        if (ServerScript.Find() is not { } script)
            return null;

        var values = await script.RunAsync(
            ["start", Name(type), "--port", FreePorts.One().ToString(CultureInfo.InvariantCulture), .. options]);
        var variable = $"TIDEMILL_TEST_{Name(type).ToUpperInvariant()}";
        return new SearchServer(type, values[variable], script)
        {
            User = values.GetValueOrDefault($"{variable}_USER"),
            Password = values.GetValueOrDefault($"{variable}_PASSWORD"),
            Ca = values.GetValueOrDefault($"{variable}_CA"),
        };
    }

    private static string Name(SearchType type) => type == SearchType.OpenSearch ? "opensearch" : "elasticsearch";

    private static SearchServer Required(SearchServer? server) => TestServer.Required(
        server, "No search server: set TIDEMILL_TEST_ELASTICSEARCH and TIDEMILL_TEST_OPENSEARCH, or have ../shared/servers.");
}
