using System.Text.Json;

namespace Tidemill.Streaming.DeadLetters;

/// <summary>Names of sinks as they are stored with a letter: a JSON array; null for all of a stream's.</summary>
internal static class SinkNames
{
    public static string? Write(IReadOnlyList<string>? sinks) => sinks is null ? null : JsonSerializer.Serialize(sinks);

    public static IReadOnlyList<string>? Read(string? text) => text is null ? null : JsonSerializer.Deserialize<string[]>(text);
}
