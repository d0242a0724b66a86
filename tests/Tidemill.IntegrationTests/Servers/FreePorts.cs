using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Tidemill.IntegrationTests.Servers;

/// <summary>TCP ports of the loopback address that nobody listens on at the call.</summary>
internal static class FreePorts
{
    public static int One()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The first of fifty in a row: a cluster takes several.</summary>
    public static int Fifty()
    {
        var taken = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Select(e => e.Port).ToHashSet();
        return Enumerable.Range(200, 100).Select(n => n * 100).OrderBy(_ => Random.Shared.Next())
            .First(port => !Enumerable.Range(port, 50).Any(taken.Contains));
    }
}
