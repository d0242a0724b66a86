using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tidemill.IntegrationTests.Chaos;

/// <summary>
/// Stands between a program and a server on loopback, so that a test can cut the network between the two or make it slow.
/// </summary>
internal sealed class TcpProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ConcurrentDictionary<Socket, Socket> _pairs = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile bool _cut;
    private volatile TaskCompletionSource? _silence;
    private int _harm;

    public TcpProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Held back before each piece of at most 64 KiB is passed on.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Breaks all connections and refuses new ones until <see cref="Heal"/>.</summary>
    public void Cut()
    {
        _cut = true;
        foreach (var (client, server) in _pairs)
        {
            Interlocked.Increment(ref _harm);
            Close(client, server);
        }
    }

    /// <summary>
    /// Passes nothing on until <see cref="Heal"/>, and says so to nobody: connections stay and new ones open, as on a
    /// network that loses every packet. What was sent meanwhile arrives afterwards.
    /// </summary>
    public void Silence() => _silence ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Heal()
    {
        _cut = false;
        Interlocked.Exchange(ref _silence, null)?.TrySetResult();
    }

    /// <summary>Connections that <see cref="Cut"/> has broken or refused, and pieces that <see cref="Silence"/> has held back.</summary>
    public int Harm => Volatile.Read(ref _harm);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        Heal();
        Cut();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new ConcurrentBag<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_stop.Token);
                running.Add(ServeAsync(client));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        var server = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        try
        {
            if (_cut)
            {
                Interlocked.Increment(ref _harm);
                return;
            }

            _pairs[client] = server;
            await server.ConnectAsync(IPAddress.Loopback, _target, _stop.Token);
            await Task.WhenAny(PassAsync(client, server), PassAsync(server, client));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side sees its connection end.
        }
        finally
        {
            _pairs.TryRemove(client, out _);
            Close(client, server);
        }
    }

    private async Task PassAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 << 10];
        try
        {
            while (await from.ReceiveAsync(buffer, _stop.Token) is var count and > 0)
            {
                if (Delay > TimeSpan.Zero)
                    await Task.Delay(Delay, _stop.Token);

                if (_silence is { } silence)
                {
                    Interlocked.Increment(ref _harm);
                    await silence.Task.WaitAsync(_stop.Token);
                }

                await to.SendAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Ends the pair.
        }
    }

    private static void Close(Socket client, Socket server)
    {
        client.Dispose();
        server.Dispose();
    }
}
