using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidemill.Core.Configuration;
using Tidemill.IntegrationTests.Crash;
using Tidemill.IntegrationTests.Faults;
using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Chaos;

/// <summary>
/// A whole installation that a test may hurt: three brokers and PostgreSQL, each behind a network of its own, PostgreSQL
/// on a disk that may be slow, one server whose generator fills a topic, and workers that share its partitions with it.
/// Members are the server and the workers.
/// </summary>
internal sealed class ChaosSystem : IAsyncDisposable
{
    private const int Partitions = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Dictionary<string, string> _environment;
    private readonly WarehouseConnection _database;
    private readonly TidemillProcess?[] _members;

    private ChaosSystem(BrokerNetwork brokers, SlowDisk disk, PostgresServer postgres, WarehouseConnection database, int members)
    {
        (Brokers, Disk, Postgres, _database, Network) = (brokers, disk, postgres, database, new TcpProxy(database.Port));
        var sasl = brokers.Kafka.Connection(SaslMechanism.ScramSha256, tls: false).Security;
        _environment = PostgresCrashTests.Environment(database with { Host = "127.0.0.1", Port = Network.Port });
        _environment["KAFKA_BOOTSTRAP_SERVERS"] = brokers.BootstrapServers;
        _environment["KAFKA_USER"] = sasl.User!;
        _environment["KAFKA_PASSWORD"] = sasl.Password!;
        _members = new TidemillProcess?[members];
        Folder = Directory.CreateTempSubdirectory("tidemill-chaos-").FullName;
        CrashProject.Write(
            Folder, PostgresCrashTests.Warehouse,
            """
            { type: kafka, bootstrap_servers: "${KAFKA_BOOTSTRAP_SERVERS}", replication_factor: 3,
                    security: { sasl: scram-sha-256, user: "${KAFKA_USER}", password: "${KAFKA_PASSWORD}" },
                    options: { session.timeout.ms: "6000", heartbeat.interval.ms: "500" } }
            """,
            Partitions);
    }

    public string Folder { get; }

    /// <summary>The brokers, and what lies between them and the members.</summary>
    public BrokerNetwork Brokers { get; }

    public PostgresServer Postgres { get; }

    /// <summary>PostgreSQL's.</summary>
    public SlowDisk Disk { get; }

    /// <summary>Between the members and PostgreSQL.</summary>
    public TcpProxy Network { get; }

    public int Members => _members.Length;

    public TidemillProcess Member(int index) => _members[index] ?? throw new InvalidOperationException($"Member {index} is down.");

    /// <summary>All of it, up and with records flowing into every table.</summary>
    public static async Task<ChaosSystem> StartAsync(int members)
    {
        var disk = await SlowDisk.BuildAsync();
        var brokers = await BrokerNetwork.StartAsync(brokers: 3);
        var postgres = await PostgresServer.StartPrivateAsync(disk.Environment);
        var system = new ChaosSystem(brokers, disk, postgres, await postgres.CreateDatabaseAsync(), members);
        try
        {
            await system.CompleteAsync();
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the members that are down; returns when records flow into every table.</summary>
    public async Task CompleteAsync()
    {
        for (var i = 0; i < Members; i++)
        {
            if (_members[i] is null)
                await StartMemberAsync(i);
        }

        await FlowsAsync();
    }

    /// <summary>Member 0 is the server; the others are workers.</summary>
    public async Task StartMemberAsync(int index)
    {
        _members[index] = index == 0
            ? TidemillProcess.Start(_environment, "up", Folder, "--port", "0", "--no-workflows")
            : TidemillProcess.Start(_environment, "worker", "--project", Folder, "--name", $"w{index}");
        await Member(index).ReadyAsync(DataOf(index));
    }

    public async Task KillMemberAsync(int index)
    {
        await Member(index).DisposeAsync();
        _members[index] = null;
    }

    /// <summary>Stops the member as Ctrl-C does; returns how long that took.</summary>
    public async Task<TimeSpan> StopMemberAsync(int index)
    {
        var started = Stopwatch.GetTimestamp();
        Assert.Equal(0, await Member(index).InterruptAsync());
        var took = Stopwatch.GetElapsedTime(started);
        TestContext.Current.SendDiagnosticMessage($"member {index} stopped in {took}");
        await KillMemberAsync(index);
        return took;
    }

    /// <summary>Waits until every table holds records that it did not hold at the call.</summary>
    public async Task FlowsAsync()
    {
        var started = Stopwatch.GetTimestamp();
        var before = await ProgressAsync();
        while (true)
        {
            var now = await ProgressAsync();
            if (now.Length > 0 && now.Select((n, i) => n > before.ElementAtOrDefault(i)).All(moved => moved))
                return;

            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                Assert.Fail(
                    $"Nothing flows: checkpoints {string.Join(", ", before)}, then {string.Join(", ", now)}.\n{await StateAsync()}");
            }

            await Task.Delay(100);
        }
    }

    /// <summary>Records that the member has committed since it started, over all streams.</summary>
    public async Task<long> RecordsAsync(int index) =>
        (await StreamsAsync(index)).Where(s => s.GetProperty("name").GetString() != "generator")
            .Sum(s => s.GetProperty("records").GetInt64());

    /// <summary>Everything healed and every member stopped, the tables are completed and proven against the topic.</summary>
    public async Task ProveAsync()
    {
        for (var i = 0; i < Members; i++)
        {
            if (_members[i] is not null)
                await StopMemberAsync(i);
        }

        await CrashTests.ProveAsync(Folder, _environment, []);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members.OfType<TidemillProcess>())
        {
            await member.ThawAsync();
            await member.DisposeAsync();
        }

        Brokers.Heal();
        await Network.DisposeAsync();
        await Postgres.DisposeAsync();
        await Brokers.DisposeAsync();
        Disk.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private async Task<IReadOnlyList<JsonElement>> StreamsAsync(int index)
    {
        using var http = new HttpClient { BaseAddress = await Member(index).ReadyAsync(DataOf(index)) };
        return [.. JsonSerializer.Deserialize<JsonElement>(await http.GetStringAsync("/api/streams")).EnumerateArray()];
    }

    /// <summary>What each member says of itself, for a failed test.</summary>
    private async Task<string> StateAsync()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Members; i++)
        {
            if (_members[i] is not { } member)
                continue;

            text.AppendLine(CultureInfo.InvariantCulture, $"member {i}:").AppendLine(member.Output);
            try
            {
                text.AppendJoin('\n', await StreamsAsync(i).WaitAsync(TimeSpan.FromSeconds(5))).AppendLine();
            }
            catch (Exception error) when (error is TimeoutException or HttpRequestException or OperationCanceledException)
            {
                text.AppendLine("does not answer");
            }
        }

        return text.ToString();
    }

    private DataFolder DataOf(int index) => index == 0 ? DataFolder.For(Folder) : DataFolder.For(Folder).ForWorker($"w{index}");

    /// <summary>How long PostgreSQL takes to make a change durable, asked past the network that the test may have cut.</summary>
    public async Task<TimeSpan> CommitAsync()
    {
        await using var source = Direct();
        await using var change = source.CreateCommand(
            "CREATE TABLE IF NOT EXISTS chaos (at timestamptz); INSERT INTO chaos VALUES (now())");
        var started = Stopwatch.GetTimestamp();
        await change.ExecuteNonQueryAsync();
        return Stopwatch.GetElapsedTime(started);
    }

    private Npgsql.NpgsqlDataSource Direct() => Npgsql.NpgsqlDataSource.Create(
        $"Host={_database.Host};Port={_database.Port};Username={_database.User};Password={_database.Password};Database={_database.Database};Pooling=false;Timeout=5");

    /// <summary>Sums of the checkpoints, one a stream, read past the network that the test may have cut.</summary>
    private async Task<long[]> ProgressAsync()
    {
        await using var source = Direct();
        try
        {
            await using var command = source.CreateCommand(
                "SELECT sum(next_offset)::bigint FROM tidemill_checkpoints GROUP BY stream ORDER BY stream");
            await using var reader = await command.ExecuteReaderAsync();
            var sums = new List<long>();
            while (await reader.ReadAsync())
                sums.Add(reader.GetInt64(0));

            return sums.Count < 3 ? [] : [.. sums];
        }
        catch (Npgsql.NpgsqlException)
        {
            return [];
        }
    }
}
