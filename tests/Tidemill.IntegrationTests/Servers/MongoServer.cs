using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tidemill.Connectors.MongoDb;
using Tidemill.Connectors.MongoDb.Native;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

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

    private readonly string? _home;
    private readonly string[] _options;
    private readonly int _port;
    private readonly string _uri;

    private MongoServer(string uri, string? home, int port, string[] options)
    {
        (_uri, _home, _port, _options) = (uri, home, port, options);
        if (home is not null)
        {
            AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>The replica set that all tests of this process share; the test is skipped when there is none, but fails on CI.</summary>
    public static async Task<MongoServer> SharedAsync() => Required(await Shared.Value);

    internal static async ValueTask StopSharedAsync()
    {
        if (Shared.IsValueCreated && await Shared.Value is { } server)
        {
            await server.DisposeAsync();
        }
    }

    /// <summary>A server of the caller's own: standalone, unless the options say --replset or --auth.</summary>
    public static async Task<MongoServer> StartPrivateAsync(params string[] options) =>
        Required(Program() is null || !HasDriver() ? null : await StartAsync(options));

    /// <summary>A connection to a database of that name.</summary>
    public DocumentsConnection Connection(string database) => new() { Type = DocumentsType.MongoDb, Uri = _uri, Database = database };

    /// <summary>A connection to a new, empty database.</summary>
    public DocumentsConnection NewDatabase() => Connection($"t_{Guid.NewGuid():N}");

    public MongoDocumentStore Open() => MongoDocumentStore.Open(NewDatabase());

    /// <summary>SIGKILL, as in a crash.</summary>
    public Task KillAsync() => RunAsync(_home!, "kill", "mongodb");

    /// <summary>Starts it again with its data.</summary>
    public Task ReviveAsync() => RunAsync(_home!, ["start", "mongodb", "--port", Text(_port), .. _options]);

    public async ValueTask DisposeAsync()
    {
        if (_home is null || !Directory.Exists(_home))
        {
            return;
        }

        await RunAsync(_home, "kill", "mongodb");
        await RunAsync(_home, "clean", "mongodb");
        Directory.Delete(_home, recursive: true);
    }

    private static async Task<MongoServer?> FindOrStartAsync()
    {
        if (!HasDriver())
        {
            return null;
        }

        return Environment.GetEnvironmentVariable("TIDEMILL_TEST_MONGODB") is { Length: > 0 } given
            ? new MongoServer(given, null, 0, [])
            : Program() is null ? null : await StartAsync(["--replset"]);
    }

    private static async Task<MongoServer> StartAsync(string[] options)
    {
        var home = Directory.CreateTempSubdirectory("tidemill-mongodb-").FullName;
        var port = FreePort();
        var output = await RunAsync(home, ["start", "mongodb", "--port", Text(port), .. options]);
        const string Variable = "TIDEMILL_TEST_MONGODB=";
        var uri = output.Split('\n').First(line => line.StartsWith(Variable, StringComparison.Ordinal))[Variable.Length..].Trim();
        return new MongoServer(uri, home, port, options);
    }

    private static async Task<string> RunAsync(string home, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program()!, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["SERVERS_HOME"] = home;
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 || arguments[0] != "start"
            ? output
            : throw new InvalidOperationException($"mongod did not start: {await errors}");
    }

    private static string? Program()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var program = Path.Combine(folder.FullName, "shared", "servers", "server");
            if (File.Exists(program))
            {
                return program;
            }
        }

        return null;
    }

    private static bool HasDriver()
    {
        try
        {
            return MongoLibrary.Version.Length > 0;
        }
        catch (TidemillException error) when (error.Code == ErrorCode.NativeLibraryMissing)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static MongoServer Required(MongoServer? server)
    {
        const string Missing = "No MongoDB: set TIDEMILL_TEST_MONGODB to a replica set's connection string, and install libmongoc-1.0-0.";
        if (server is null && Environment.GetEnvironmentVariable("CI") != "true")
        {
            Assert.Skip(Missing);
        }

        return server ?? throw new InvalidOperationException(Missing);
    }
}
