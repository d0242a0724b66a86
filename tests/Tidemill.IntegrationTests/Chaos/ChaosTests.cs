using System.Diagnostics;
using System.Globalization;

namespace Tidemill.IntegrationTests.Chaos;

/// <summary>
/// Faults of every kind, one after the other and over one another, on a whole installation under load. What comes, when
/// and for how long is a function of the seed. In the end no record is lost and none is doubled.
/// TIDEMILL_CHAOS_SECONDS (default 20) and TIDEMILL_CHAOS_SEED make it longer or another one.
/// </summary>
public sealed class ChaosTests(ChaosFixture chaos) : IClassFixture<ChaosFixture>
{
    private static readonly TimeSpan PastSession = TimeSpan.FromSeconds(8);

    /// <summary>A clean stop takes two seconds on an idle machine; whoever waits for a timeout takes ten and more.</summary>
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(8);

    [Fact]
    public async Task Whatever_breaks_every_record_is_in_every_table_exactly_once()
    {
        var seed = Setting("TIDEMILL_CHAOS_SEED", 20261121);
        var length = TimeSpan.FromSeconds(Setting("TIDEMILL_CHAOS_SECONDS", 20));
        TestContext.Current.SendDiagnosticMessage($"seed {seed}, {length}");
        var system = await chaos.SystemAsync();
        var random = new Random(seed);
        var faults = Faults(system, random);
        var started = Stopwatch.GetTimestamp();
        for (var next = 0; next < faults.Count || Stopwatch.GetElapsedTime(started) < length; next++)
        {
            // Each kind once in a random order, then any.
            var (name, fault) = next < faults.Count ? faults[next] : faults[random.Next(faults.Count)];
            TestContext.Current.SendDiagnosticMessage($"{Stopwatch.GetElapsedTime(started)}: {name}");
            await fault();
            await Task.Delay(random.Next(0, 800));
        }

        await system.FlowsAsync();
        await system.ProveAsync();
    }

    [Fact]
    public async Task A_worker_that_stood_still_past_its_session_cannot_write_what_another_has_taken_over()
    {
        var system = await chaos.SystemAsync();
        for (var member = 1; member < system.Members; member++)
        {
            // On a slow network a worker is nearly always in the middle of a transaction: that is where it has to stand still.
            system.Network.Delay = TimeSpan.FromMilliseconds(60);
            await Task.Delay(TimeSpan.FromSeconds(2));
            await system.Member(member).FreezeAsync();
            system.Network.Delay = TimeSpan.Zero;
            await Task.Delay(PastSession);
            await system.FlowsAsync();
            await system.Member(member).ThawAsync();
            await system.FlowsAsync();
        }

        await system.ProveAsync();
    }

    [Fact]
    public async Task Workers_come_and_go_and_share_the_partitions()
    {
        var system = await chaos.SystemAsync();
        await TakesPartAsync(system, 1);
        await TakesPartAsync(system, 2);
        Assert.InRange(await system.StopMemberAsync(1), TimeSpan.Zero, StopLimit);
        await system.FlowsAsync();
        await system.KillMemberAsync(2);
        await system.FlowsAsync();
        await system.StartMemberAsync(1);
        await TakesPartAsync(system, 1);
        Assert.InRange(await system.StopMemberAsync(0), TimeSpan.Zero, StopLimit);
        await system.ProveAsync();
    }

    private static async Task TakesPartAsync(ChaosSystem system, int member)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await system.RecordsAsync(member) == 0)
            await Task.Delay(100, patience.Token);
    }

    private static List<(string Name, Func<Task> Fault)> Faults(ChaosSystem system, Random random)
    {
        List<(string, Func<Task>)> faults =
        [
            ("a member is killed and comes back", async () =>
            {
                var member = random.Next(system.Members);
                await system.KillMemberAsync(member);
                await Task.Delay(random.Next(0, 2000));
                await system.StartMemberAsync(member);
            }),
            ("a worker stops cleanly and comes back: its partitions move twice", async () =>
            {
                var member = random.Next(1, system.Members);
                await system.StopMemberAsync(member);
                await system.StartMemberAsync(member);
            }),
            ("a worker stands still past its session", async () =>
            {
                var worker = system.Member(random.Next(1, system.Members));
                await worker.FreezeAsync();
                await Task.Delay(PastSession);
                await worker.ThawAsync();
            }),
            ("a broker is killed and comes back", async () =>
            {
                await system.Brokers.Kafka.KillAsync(random.Next(1, 4));
                await Task.Delay(random.Next(0, 3000));
                await system.Brokers.Kafka.ReviveAsync();
            }),
            ("the network to the brokers is cut", () => HarmAsync(
                system.Brokers.Proxies, system.Brokers.Cut, random.Next(500, 4000))),
            ("the network to the brokers loses every packet, some times past the session", () => HarmAsync(
                system.Brokers.Proxies, system.Brokers.Silence, random.Next(1000, 8000))),
            ("the network to one broker is cut", () =>
            {
                var broker = system.Brokers.Proxies[random.Next(system.Brokers.Proxies.Count)];
                return HarmAsync([broker], broker.Cut, random.Next(500, 3000));
            }),
            ("PostgreSQL crashes and recovers", async () =>
            {
                await system.Postgres.KillAsync();
                await Task.Delay(random.Next(0, 2000));
                await system.Postgres.StartAsync();
            }),
            ("the network to PostgreSQL is cut", () => HarmAsync(
                [system.Network], system.Network.Cut, random.Next(100, 3000))),
            ("the network to PostgreSQL loses every packet", () => HarmAsync(
                [system.Network], system.Network.Silence, random.Next(100, 3000))),
            ("PostgreSQL's disk is slow", async () =>
            {
                var delay = TimeSpan.FromMilliseconds(random.Next(50, 600));
                await system.Disk.DelayAsync(delay);
                Assert.True(await system.CommitAsync() >= delay, "The disk is as fast as ever.");
                await Task.Delay(random.Next(500, 3000));
                await system.Disk.DelayAsync(TimeSpan.Zero);
            }),
            ("PostgreSQL is slow", async () =>
            {
                system.Network.Delay = TimeSpan.FromMilliseconds(random.Next(5, 60));
                await Task.Delay(random.Next(500, 3000));
                system.Network.Delay = TimeSpan.Zero;
            }),
        ];
        var shuffled = faults.ToArray();
        random.Shuffle(shuffled);
        return [.. shuffled];
    }

    /// <summary>Harms the network for so many milliseconds; somebody must have felt it.</summary>
    private static async Task HarmAsync(IReadOnlyList<TcpProxy> network, Action harm, int milliseconds)
    {
        var before = network.Sum(p => p.Harm);
        harm();
        await Task.Delay(milliseconds);
        foreach (var proxy in network)
            proxy.Heal();

        Assert.True(network.Sum(p => p.Harm) > before, "Nobody uses this network.");
    }

    private static int Setting(string name, int value) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : value;
}
