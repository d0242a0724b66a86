using System.Net;
using Tidemill.Core.Errors;

namespace Tidemill.Server.Hosting;

/// <summary>What one server process serves.</summary>
public sealed record HostOptions
{
    public required string ProjectFolder { get; init; }

    /// <summary>Target in tidemill.yaml. Default: the project's default target.</summary>
    public string? Target { get; init; }

    /// <summary>TCP port. Default 8080; 0 takes any free one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Address listened on. Default 127.0.0.1. Any other needs a <see cref="Token"/>.</summary>
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>
    /// Secret that every request must carry, at least <see cref="ShortestToken"/> characters. Default: none, which only
    /// loopback addresses allow.
    /// </summary>
    public string? Token { get; init; }

    /// <summary>Where log, warehouse and indexes live. Default: .tidemill in the project folder.</summary>
    public string? DataFolder { get; init; }

    public HostRole Role { get; init; } = HostRole.Server;

    /// <summary>Run workflows on their schedules. Default true. Runs by hand work either way.</summary>
    public bool RunWorkflows { get; init; } = true;

    /// <summary>Told what the host is doing while it starts; for progress on a terminal.</summary>
    public Action<string>? Progress { get; init; }

    /// <summary>Shorter tokens could be guessed over the network.</summary>
    internal const int ShortestToken = 16;

    internal void Validate()
    {
        if (Token is null && !IPAddress.IsLoopback(Address))
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                $"Refusing to listen on {Address}: whoever reaches the port could read and change everything, as no token is set. "
                + $"Set TIDEMILL_TOKEN to a secret of at least {ShortestToken} characters, or listen on 127.0.0.1.");
        }

        if (Token is { Length: < ShortestToken })
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest,
                $"TIDEMILL_TOKEN is shorter than {ShortestToken} characters. `openssl rand -hex 24` makes a good one.");
        }

        if (Port is < 0 or > 65535)
            throw new TidemillException(ErrorCode.InvalidRequest, $"Port {Port} is not between 0 and 65535.");
    }
}
