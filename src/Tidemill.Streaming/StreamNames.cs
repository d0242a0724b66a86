using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Streaming;

/// <summary>Streams and pumps by their names.</summary>
public static class StreamNames
{
    /// <summary>NotFound, with the names there are, when no stream has the name.</summary>
    public static T Named<T>(this IReadOnlyList<T> flows, string name)
        where T : FlowDefinition
    {
        ArgumentNullException.ThrowIfNull(flows);
        return flows.FirstOrDefault(f => f.Name == name) ?? throw new TidemillException(
            ErrorCode.NotFound, $"There is no stream {name}; streams are {string.Join(", ", flows.Select(f => f.Name))}.");
    }

    /// <summary>InvalidRequest, with what cannot be done, when the name is that of a pump; NotFound when it is nobody's.</summary>
    public static StreamDefinition ReaderNamed(this IReadOnlyList<FlowDefinition> flows, string name, string problem) =>
        flows.Named(name) as StreamDefinition
        ?? throw new TidemillException(ErrorCode.InvalidRequest, $"Stream {name} reads no topic{problem}");

    /// <summary>NotFound when no stream that reads a topic has the name.</summary>
    internal static StreamDefinition ReaderNamed(this IReadOnlyList<StreamDefinition> streams, string name) =>
        streams.FirstOrDefault(s => s.Name == name)
        ?? throw new TidemillException(ErrorCode.NotFound, $"There is no stream {name} that reads a topic.");
}
