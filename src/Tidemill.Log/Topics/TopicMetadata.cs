using System.Text.Json;
using System.Text.Json.Serialization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Topics;

/// <summary>What <c>topic.json</c> holds. It is written last when a topic is created: a topic without it does not exist yet.</summary>
internal sealed record TopicMetadata
{
    public const string FileName = "topic.json";
    public const int CurrentFormat = 1;
    public const int MaxPartitions = 10_000;

    public int Format { get; init; } = CurrentFormat;

    public required string Name { get; init; }

    public required int Partitions { get; init; }

    public long? RetentionMs { get; init; }

    public long? RetentionBytes { get; init; }

    public required int MaxRecordBytes { get; init; }

    /// <exception cref="TidemillException">InvalidRequest when the specification cannot be met.</exception>
    public static TopicMetadata From(TopicSpec spec)
    {
        TopicName.Check(spec.Name);
        Check(spec.Options.Count == 0, "has broker-side options, which the embedded log does not take: remove them");
        Check(spec.Partitions is >= 1 and <= MaxPartitions, $"needs 1 to {MaxPartitions} partitions");
        Check(spec.RetentionTime is not { } time || time >= TimeSpan.FromMilliseconds(1), "needs a retention time above zero, or none");
        Check(spec.RetentionBytes is null or > 0, "needs retention bytes above zero, or none");
        Check(spec.MaxRecordBytes is >= 1 and <= 1 << 30, "needs a largest record of 1 byte to 1 GiB");
        return new TopicMetadata
        {
            Name = spec.Name,
            Partitions = spec.Partitions,
            RetentionMs = (long?)spec.RetentionTime?.TotalMilliseconds,
            RetentionBytes = spec.RetentionBytes,
            MaxRecordBytes = spec.MaxRecordBytes,
        };

        void Check(bool holds, string problem)
        {
            if (!holds) throw new TidemillException(ErrorCode.InvalidRequest, $"Topic {spec.Name} {problem}.");
        }
    }

    public void Write(IFileSystem files, string folder) => AtomicFile.Replace(
        files, folder, FileName, JsonSerializer.SerializeToUtf8Bytes(this, TopicMetadataJson.Default.TopicMetadata), durable: true);

    public static TopicMetadata Read(IFileSystem files, string folder, string name)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            var metadata = JsonSerializer.Deserialize(AtomicFile.ReadAll(files, path), TopicMetadataJson.Default.TopicMetadata);
            if (metadata is { Format: CurrentFormat, Partitions: >= 1 and <= MaxPartitions, MaxRecordBytes: >= 1 } && metadata.Name == name)
                return metadata;
        }
        catch (JsonException error)
        {
            throw new TidemillException(ErrorCode.DataCorrupt, $"Topic {name}: {path} is not the JSON it should be.", error);
        }

        throw new TidemillException(
            ErrorCode.DataCorrupt, $"Topic {name}: {path} does not describe this topic in format {CurrentFormat}.");
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(TopicMetadata))]
internal sealed partial class TopicMetadataJson : JsonSerializerContext;
