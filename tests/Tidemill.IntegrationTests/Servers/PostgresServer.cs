using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Tidemill.Core.Configuration;

[assembly: AssemblyFixture(typeof(Tidemill.IntegrationTests.Servers.SharedPostgres))]

namespace Tidemill.IntegrationTests.Servers;

/// <summary>Stops the shared server when the last test is through.</summary>
public sealed class SharedPostgres : IAsyncDisposable
{
    public ValueTask DisposeAsync() => PostgresServer.StopSharedAsync();
}

/// <summary>
/// PostgreSQL for tests: the server that TIDEMILL_TEST_POSTGRES names (a connection string of a superuser), else a
/// private cluster from Debian's binaries in a temporary folder, on a random port of the loopback address. Tests that
/// take the server down start a private one of their own.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<PostgresServer?>> Shared = new(FindOrStartAsync);

    private readonly string? _folder;
    private readonly bool _fsync;
    private readonly IReadOnlyDictionary<string, string> _environment;
    private readonly NpgsqlConnectionStringBuilder _admin;
    private Process? _process;

    private PostgresServer(
        NpgsqlConnectionStringBuilder admin, string? folder, bool fsync, IReadOnlyDictionary<string, string>? environment = null)
    {
        (_admin, _folder, _fsync, _environment) = (admin, folder, fsync, environment ?? new Dictionary<string, string>());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>The server all tests of this process share; the test is skipped when there is none, but fails on CI.</summary>
    public static async Task<PostgresServer> SharedAsync() => Required(await Shared.Value);

    internal static async ValueTask StopSharedAsync()
    {
        if (Shared.IsValueCreated && await Shared.Value is { } server)
            await server.DisposeAsync();
    }

    /// <summary>A cluster of the caller's own, which it may stop and kill. Its processes have the environment too.</summary>
    public static async Task<PostgresServer> StartPrivateAsync(IReadOnlyDictionary<string, string>? environment = null) =>
        Required(Binaries() is null ? null : await StartClusterAsync(fsync: true, environment));

    /// <summary>A connection to a new, empty database.</summary>
    public async Task<WarehouseConnection> CreateDatabaseAsync()
    {
        var name = $"t_{Guid.NewGuid():N}";
        await using var source = NpgsqlDataSource.Create(_admin);
        await using var create = source.CreateCommand($"CREATE DATABASE {name}");
        await create.ExecuteNonQueryAsync();
        return Connection(name);
    }

    public async Task DropDatabaseAsync(WarehouseConnection connection)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await using var source = NpgsqlDataSource.Create(_admin);
        await using var drop = source.CreateCommand($"DROP DATABASE IF EXISTS {connection.Database} WITH (FORCE)");
        await drop.ExecuteNonQueryAsync();
    }

    private WarehouseConnection Connection(string database) => new()
    {
        Type = WarehouseType.Postgres,
        Host = _admin.Host!,
        Port = _admin.Port,
        User = _admin.Username!,
        Password = _admin.Password,
        Database = database,
    };

    public async Task StartAsync()
    {
        var deadline = Stopwatch.StartNew();
        using var retry = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            // After a kill the old processes may hold the shared memory a moment longer; then the start is tried again.
            if (_process is null or { HasExited: true })
            {
                _process?.Dispose();
                _process = Run(
                    _environment,
                    "postgres",
                    "-D",
                    Path.Combine(_folder!, "data"),
                    "-p",
                    _admin.Port.ToString(CultureInfo.InvariantCulture),
                    "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", $"fsync={(_fsync ? "on" : "off")}",
                    "-c", "max_connections=100", "-c", "max_wal_size=2GB", "-c", "log_min_messages=fatal");
            }

            if (await AnswersAsync())
                return;

            if (deadline.Elapsed > StartLimit)
                throw new TimeoutException("PostgreSQL did not start.");

            await retry.WaitForNextTickAsync();
        }
    }

    /// <summary>Fast shutdown: sessions are ended, committed data is written out.</summary>
    public Task StopAsync() => SignalAsync("INT");

    /// <summary>Immediate shutdown, as in a crash: the next start recovers from the write-ahead log.</summary>
    public Task KillAsync() => SignalAsync("QUIT");

    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    private async Task SignalAsync(string signal)
    {
        if (_process is not { HasExited: false } process || _folder is null)
            return;

        var pid = (await File.ReadAllLinesAsync(Path.Combine(_folder, "data", "postmaster.pid")))[0];
        using var kill = Process.Start("kill", [$"-{signal}", pid]);
        using var limit = new CancellationTokenSource(StartLimit);
        await process.WaitForExitAsync(limit.Token);
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await using var connection = new NpgsqlConnection(
                new NpgsqlConnectionStringBuilder(_admin.ConnectionString) { Pooling = false, Timeout = 2 }.ConnectionString);
            await connection.OpenAsync();
            return true;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static async Task<PostgresServer?> FindOrStartAsync()
    {
        if (Environment.GetEnvironmentVariable("TIDEMILL_TEST_POSTGRES") is { Length: > 0 } given)
            return new PostgresServer(new NpgsqlConnectionStringBuilder(given), null, true);

        return Binaries() is null ? null : await StartClusterAsync(fsync: false);
    }

    private static async Task<PostgresServer> StartClusterAsync(bool fsync, IReadOnlyDictionary<string, string>? environment = null)
    {
        var folder = Directory.CreateTempSubdirectory("tidemill-postgres-").FullName;
        if (!OperatingSystem.IsWindows())
        {
            // The cluster belongs to the user postgres, who must be able to make it here.
            File.SetUnixFileMode(folder, (UnixFileMode)511);
        }

        var password = Guid.NewGuid().ToString("N");
        await File.WriteAllTextAsync(Path.Combine(folder, "password"), password);
        using var initdb = Run(
            new Dictionary<string, string>(),
            "initdb",
            "-D",
            Path.Combine(folder, "data"),
            "-U",
            "postgres",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
            "--auth=scram-sha-256", $"--pwfile={Path.Combine(folder, "password")}");
        await initdb.WaitForExitAsync();
        if (initdb.ExitCode != 0)
            throw new InvalidOperationException($"initdb ended with {initdb.ExitCode}.");

        var admin = new NpgsqlConnectionStringBuilder
        {
            Host = "127.0.0.1",
            Port = FreePorts.One(),
            Username = "postgres",
            Password = password,
            Database = "postgres",
            Pooling = false,
            GssEncryptionMode = GssEncryptionMode.Disable,
        };
        var server = new PostgresServer(admin, folder, fsync, environment);
        await server.StartAsync();
        return server;
    }

    /// <summary>initdb and postgres refuse to run as root; then they run as the user postgres.</summary>
    private static Process Run(IReadOnlyDictionary<string, string> environment, string program, params string[] arguments)
    {
        var path = Path.Combine(Binaries()!, program);
        var start = Environment.UserName == "root"
            ? new ProcessStartInfo("setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--", path, .. arguments])
            : new ProcessStartInfo(path, arguments);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.WorkingDirectory = Path.GetTempPath();
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static string? Binaries() => !Directory.Exists("/usr/lib/postgresql") ? null : Directory
        .GetDirectories("/usr/lib/postgresql").Select(folder => Path.Combine(folder, "bin"))
        .Where(folder => File.Exists(Path.Combine(folder, "initdb"))).Order(StringComparer.Ordinal).LastOrDefault();

    private static PostgresServer Required(PostgresServer? server) => TestServer.Required(
        server, "No PostgreSQL: install it (Debian: postgresql), or set TIDEMILL_TEST_POSTGRES.");

    public async ValueTask DisposeAsync()
    {
        if (_folder is null || !Directory.Exists(_folder))
            return;

        await KillAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
