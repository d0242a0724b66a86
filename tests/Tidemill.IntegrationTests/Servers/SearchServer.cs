using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
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
    private readonly string? _home;

    private SearchServer(SearchType type, string url, string? home) => (_type, Url, _home) = (type, url, home);

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
        Required(Script() is null ? null : await StartAsync(SearchType.Elasticsearch, "--basic-auth", "--tls"));

    internal static async ValueTask StopSharedAsync()
    {
        foreach (var shared in new[] { SharedElasticsearch, SharedOpenSearch }.Where(s => s.IsValueCreated))
        {
            await ((await shared.Value)?.DisposeAsync() ?? ValueTask.CompletedTask);
        }
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
        {
            await store.DeleteIndexAsync(index.Name, default);
        }

        await store.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_home is not null && Directory.Exists(_home))
        {
            await RunAsync(_home, "stop", Name(_type));
            Directory.Delete(_home, recursive: true);
        }
    }

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

        return Script() is null ? null : await StartAsync(type);
    }

    private static async Task<SearchServer> StartAsync(SearchType type, params string[] options)
    {
        var home = Directory.CreateTempSubdirectory("tidemill-servers-").FullName;
        var lines = await RunAsync(home, ["start", Name(type), "--port", FreePort().ToString(CultureInfo.InvariantCulture), .. options]);
        var values = lines.Where(l => l.StartsWith("TIDEMILL_TEST_", StringComparison.Ordinal)).Select(l => l.Split('=', 2)).ToDictionary(l => l[0], l => l[1]);
        var variable = $"TIDEMILL_TEST_{Name(type).ToUpperInvariant()}";
        return new SearchServer(type, values[variable], home)
        {
            User = values.GetValueOrDefault($"{variable}_USER"),
            Password = values.GetValueOrDefault($"{variable}_PASSWORD"),
            Ca = values.GetValueOrDefault($"{variable}_CA"),
        };
    }

    private static async Task<string[]> RunAsync(string home, params string[] arguments)
    {
        var start = new ProcessStartInfo(Script()!, arguments) { RedirectStandardOutput = true };
        start.Environment["SERVERS_HOME"] = home;
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            : throw new InvalidOperationException($"server {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }

    private static string? Script([CallerFilePath] string path = "")
    {
        var script = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "../../../../shared/servers/server"));
        return File.Exists(script) ? script : null;
    }

    private static string Name(SearchType type) => type == SearchType.OpenSearch ? "opensearch" : "elasticsearch";

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static SearchServer Required(SearchServer? server)
    {
        const string Missing = "No search server: set TIDEMILL_TEST_ELASTICSEARCH and TIDEMILL_TEST_OPENSEARCH, or have ../shared/servers.";
        if (server is null && Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip(Missing);
        }

        return server ?? throw new InvalidOperationException(Missing);
    }
}
