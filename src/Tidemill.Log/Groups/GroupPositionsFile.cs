using System.Text.Json;
using System.Text.Json.Serialization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Groups;

/// <summary>
/// The groups' committed positions on disk: <c>groups.json</c>, replaced whole. Written with the log's flushes, so that
/// a crash takes back at most the commits of one flush interval.
/// </summary>
internal static class GroupPositionsFile
{
    public const string FileName = "groups.json";

    private const int CurrentFormat = 1;

    /// <exception cref="TidemillException">DataCorrupt when the file is there and cannot be read.</exception>
    public static IReadOnlyDictionary<string, Dictionary<TopicPartition, LogOffset>> Read(IFileSystem files, string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!files.FileExists(path)) return new Dictionary<string, Dictionary<TopicPartition, LogOffset>>();
        try
        {
            var content = JsonSerializer.Deserialize(AtomicFile.ReadAll(files, path), GroupsJson.Default.GroupsContent);
            if (content is { Format: CurrentFormat })
                return content.Groups.ToDictionary(g => g.Key, g => Positions(g.Value), StringComparer.Ordinal);
        }
        catch (JsonException error)
        {
            throw new TidemillException(ErrorCode.DataCorrupt, $"{path} is not the JSON it should be.", error);
        }

        throw new TidemillException(ErrorCode.DataCorrupt, $"{path} does not hold groups in format {CurrentFormat}.");
    }

    public static void Write(
        IFileSystem files, string folder, IEnumerable<KeyValuePair<string, IReadOnlyDictionary<TopicPartition, LogOffset>>> groups)
    {
        var content = new GroupsContent
        {
            Groups = groups.ToDictionary(
                g => g.Key,
                g => g.Value.GroupBy(p => p.Key.Topic, StringComparer.Ordinal).ToDictionary(
                    t => t.Key, t => t.ToDictionary(p => p.Key.Partition, p => p.Value.Value))),
        };
        AtomicFile.Replace(
            files, folder, FileName, JsonSerializer.SerializeToUtf8Bytes(content, GroupsJson.Default.GroupsContent), durable: true);
    }

    private static Dictionary<TopicPartition, LogOffset> Positions(Dictionary<string, Dictionary<int, long>> topics) => topics
        .SelectMany(t => t.Value.Select(p => (Partition: new TopicPartition(t.Key, p.Key), Offset: new LogOffset(p.Value))))
        .ToDictionary(p => p.Partition, p => p.Offset);
}

/// <summary>What the file holds: group, topic, partition, next offset.</summary>
internal sealed record GroupsContent
{
    public int Format { get; init; } = 1;

    public required Dictionary<string, Dictionary<string, Dictionary<int, long>>> Groups { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(GroupsContent))]
internal sealed partial class GroupsJson : JsonSerializerContext;
