using System.CommandLine;
using System.Net;
using Tidemill.Core.Errors;

namespace Tidemill.Cli.Commands;

/// <summary>The option <c>--address</c> of the commands that go on serving.</summary>
internal static class ListenAddress
{
    public static Option<string> Option() => new("--address")
    {
        Description = "Address listened on. Any but a loopback address needs the environment variable TIDEMILL_TOKEN.",
        DefaultValueFactory = _ => IPAddress.Loopback.ToString(),
    };

    public static IPAddress Read(string text) => IPAddress.TryParse(text, out var address)
        ? address
        : throw new TidemillException(ErrorCode.InvalidRequest, "--address is no IP address. 0.0.0.0 listens on all of the machine's.");
}
