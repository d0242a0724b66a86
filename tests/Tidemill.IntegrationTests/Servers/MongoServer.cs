using System.Globalization;
using Tidemill.Connectors.MongoDb;
using Tidemill.Core.Configuration;

[assembly: AssemblyFixture(typeof(Tidemill.IntegrationTests.Servers.SharedMongo))]

namespace Tidemill.IntegrationTests.Servers;

/// <summary>Stops the shared server at the end of the run.</summary>
public sealed class SharedMongo : IAsyncDisposable
{
    public ValueTask DisposeAsync() => MongoServer.StopSharedAsync();
}

/// <summary>
/// A real mongod: the replica set that TIDEMILL_TEST_MONGODB names, else one started from ../shared/servers. Private ones, which a
/// test may stop and kill, come from there only. Stopped, with their data, when the tests end.
/// </summary>
public sealed class MongoServer : IAsyncDisposable
{
    private static readonly Lazy<Task<MongoServer?>> Shared = new(FindOrStartAsync);

    private readonly ServerScript? _script;
    private readonly string[] _start;
    private readonly string _uri;

    private MongoServer(string uri, ServerScript? script, string[] start)
    {
        (_uri, _script, _start) = (uri, script, start);
        if (script is not null)
            AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>The replica set that all tests of this process share; the test is skipped when there is none, but fails on CI.</summary>
    public static async Task<MongoServer> SharedAsync() => Required(await Shared.Value);

    internal static async ValueTask StopSharedAsync()
    {
        if (Shared.IsValueCreated && await Shared.Value is { } server)
            await server.DisposeAsync();
    }

    /// <summary>A server of the caller's own: standalone, unless the options say --replset or --auth.</summary>
    public static async Task<MongoServer> StartPrivateAsync(params string[] options) =>
        Required(await StartAsync(options));

    /// <summary>A connection to a database of that name.</summary>
    public DocumentsConnection Connection(string database) => new() { Type = DocumentsType.MongoDb, Uri = _uri, Database = database };

    /// <summary>A connection to a new, empty database.</summary>
    public DocumentsConnection NewDatabase() => Connection($"t_{Guid.NewGuid():N}");

    public MongoDocumentStore Open() => MongoDocumentStore.Open(NewDatabase());

    /// <summary>SIGKILL, as in a crash.</summary>
    public Task KillAsync() => _script!.RunAsync("kill", "mongodb");

    /// <summary>Starts it again with its data.</summary>
    public Task ReviveAsync() => _script!.RunAsync(_start);

    public ValueTask DisposeAsync() => _script?.DisposeAsync() ?? default;

    private static async Task<MongoServer?> FindOrStartAsync() =>
        Environment.GetEnvironmentVariable("TIDEMILL_TEST_MONGODB") is { Length: > 0 } given
            ? new MongoServer(given, null, [])
            : await StartAsync("--replset");

    private static async Task<MongoServer?> StartAsync(params string[] options)
    {
        if (ServerScript.Find() is not { } script)
            return null;

        string[] start = ["start", "mongodb", "--port", FreePorts.One().ToString(CultureInfo.InvariantCulture), .. options];
        return new MongoServer((await script.RunAsync(start))["TIDEMILL_TEST_MONGODB"], script, start);
    }

    private static MongoServer Required(MongoServer? server) => TestServer.Required(
        server, "No MongoDB: set TIDEMILL_TEST_MONGODB to a replica set's connection string.");
}
