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
            ?? throw new TidemillException(ErrorCode.NotFound, $"There is no stream {name}; streams are {string.Join(", ", streams.Select(s => s.Name))}.");
    }
}
