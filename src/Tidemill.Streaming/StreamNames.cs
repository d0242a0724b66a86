using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;

namespace Tidemill.Streaming;

/// <summary>Streams by their names.</summary>
public static class StreamNames
{
    /// <summary>NotFound, with the names there are, when no stream has the name.</summary>
    public static StreamDefinition Named(this IReadOnlyList<StreamDefinition> streams, string name)
    {
        ArgumentNullException.ThrowIfNull(streams);
        return streams.FirstOrDefault(s => s.Name == name)
            ?? throw new TidemillException(
                ErrorCode.NotFound, $"There is no stream {name}; streams are {string.Join(", ", streams.Select(s => s.Name))}.");
    }

    /// <summary>NotFound when no stream that reads a topic has the name.</summary>
    internal static StreamDefinition ReaderNamed(this IReadOnlyList<StreamDefinition> streams, string name) =>
        streams.FirstOrDefault(s => s.Name == name && s.Source is TopicSourceDefinition)
        ?? throw new TidemillException(ErrorCode.NotFound, $"There is no stream {name} that reads a topic.");
}
