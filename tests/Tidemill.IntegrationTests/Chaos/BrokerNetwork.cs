using Tidemill.IntegrationTests.Servers;

namespace Tidemill.IntegrationTests.Chaos;

/// <summary>The network between Kafka's clients and its brokers, one proxy a broker. The brokers' own network is another.</summary>
internal sealed class BrokerNetwork : IAsyncDisposable
{
    private BrokerNetwork(KafkaServer kafka, IReadOnlyList<TcpProxy> proxies) => (Kafka, Proxies) = (kafka, proxies);

    public KafkaServer Kafka { get; }

    /// <summary>In the brokers' order.</summary>
    public IReadOnlyList<TcpProxy> Proxies { get; }

    /// <summary>What clients begin with; brokers tell them the same addresses.</summary>
    public string BootstrapServers => string.Join(',', Proxies.Select(p => $"127.0.0.1:{p.Port}"));

    public static async Task<BrokerNetwork> StartAsync(int brokers)
    {
        var port = FreePorts.Fifty();
        TcpProxy[] proxies = [.. Enumerable.Range(0, brokers).Select(broker => new TcpProxy(KafkaServer.ProxiedPort(port, broker)))];
        return new BrokerNetwork(await KafkaServer.StartBehindAsync(port, [.. proxies.Select(p => p.Port)]), proxies);
    }

    /// <summary>Breaks all connections and refuses new ones until <see cref="Heal"/>.</summary>
    public void Cut() => Each(p => p.Cut());

    /// <summary>Nothing passes, and nobody is told, until <see cref="Heal"/>.</summary>
    public void Silence() => Each(p => p.Silence());

    public void Heal() => Each(p => p.Heal());

    public async ValueTask DisposeAsync()
    {
        foreach (var proxy in Proxies)
            await proxy.DisposeAsync();

        await Kafka.DisposeAsync();
    }

    private void Each(Action<TcpProxy> action)
    {
        foreach (var proxy in Proxies)
            action(proxy);
    }
}
