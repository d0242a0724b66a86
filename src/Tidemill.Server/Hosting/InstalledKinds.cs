using Tidemill.Core.Components;

namespace Tidemill.Server.Hosting;

/// <summary>Every kind of part that the program has, one line each. A new kind is its own folder and a line here.</summary>
public static class InstalledKinds
{
    public static ComponentKinds All { get; } = new()
    {
        Sinks =
        [
        ],
        Sources =
        [
        ],
        Tasks =
        [
        ],
        Connections =
        [
        ],
    };
}
