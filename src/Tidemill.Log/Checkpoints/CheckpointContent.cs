using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Log.Segments;

namespace Tidemill.Log.Checkpoints;

/// <summary>
/// One owner's file: <c>u32 magic "TMC1" | u32 crc32c of the rest | u32 length | JSON | records</c>. The JSON holds owner,
/// positions and, while a call is under way, its intent; the records are the intent's, each
/// <c>i32 partition | i64 timestamp | key | value | i32 headers | headers</c> with texts and bytes as <c>i32 length, -1 for
/// null | bytes</c>.
/// </summary>
internal sealed record CheckpointContent(
    ProducerOwner Owner, IReadOnlyDictionary<TopicPartition, LogOffset> Positions, Intent? Intent)
{
    private const uint Magic = 0x31434D54;
    private const int HeaderBytes = 12;

    public byte[] Serialize()
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(Json(), CheckpointJsonContext.Default.CheckpointJson);
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(Magic);
        writer.Write(0u);
        writer.Write(json.Length);
        writer.Write(json);
        foreach (var record in Intent?.Records ?? []) Write(writer, record);
        byte[] content = stream.ToArray();
        BinaryPrimitives.WriteUInt32LittleEndian(content.AsSpan(4), Checksum(content));
        return content;
    }

    /// <exception cref="TidemillException">DataCorrupt, naming the file.</exception>
    public static CheckpointContent Read(byte[] content, string path)
    {
        try
        {
            if (content.Length >= HeaderBytes
                && BinaryPrimitives.ReadUInt32LittleEndian(content) == Magic
                && BinaryPrimitives.ReadUInt32LittleEndian(content.AsSpan(4)) == Checksum(content))
            {
                return Read(content);
            }
        }
        catch (Exception error) when (error is JsonException or IOException or ArgumentException)
        {
            throw Corrupt(path, error);
        }

        throw Corrupt(path, null);
    }

    private static CheckpointContent Read(byte[] content)
    {
        int length = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(8));
        var json = JsonSerializer.Deserialize(content.AsSpan(HeaderBytes, length), CheckpointJsonContext.Default.CheckpointJson)
            ?? throw new JsonException("The content is null.");
        var positions = json.Positions.ToDictionary(p => new TopicPartition(p.Topic, p.Partition), p => new LogOffset(p.Offset));
        var owner = new ProducerOwner(json.Project, json.Stream, json.Sink);
        if (json.Intent is not { } intent) return new CheckpointContent(owner, positions, null);
        var range = new OffsetRange(
            new TopicPartition(intent.SourceTopic, intent.SourcePartition), new LogOffset(intent.Start), new LogOffset(intent.End));
        using var reader = new BinaryReader(new MemoryStream(content, HeaderBytes + length, content.Length - HeaderBytes - length));
        ProducerRecord[] records = [.. Enumerable.Range(0, intent.Records).Select(_ => ReadRecord(reader))];
        return new CheckpointContent(owner, positions, new Intent(intent.Id, range, intent.Topic, intent.Ends, records));
    }

    private CheckpointJson Json() => new()
    {
        Project = Owner.Project,
        Stream = Owner.Stream,
        Sink = Owner.Sink,
        Positions = [.. Positions.OrderBy(p => p.Key.Topic, StringComparer.Ordinal).ThenBy(p => p.Key.Partition)
            .Select(p => new PositionJson(p.Key.Topic, p.Key.Partition, p.Value.Value))],
        Intent = Intent is not { } intent ? null : new IntentJson
        {
            Id = intent.Id,
            SourceTopic = intent.Range.Partition.Topic,
            SourcePartition = intent.Range.Partition.Partition,
            Start = intent.Range.Start.Value,
            End = intent.Range.End.Value,
            Topic = intent.Topic,
            Ends = new Dictionary<int, long>(intent.Ends),
            Records = intent.Records.Count,
        },
    };

    private static uint Checksum(byte[] content) => Crc32C.Compute(content.AsSpan(8));

    private static void Write(BinaryWriter writer, in ProducerRecord record)
    {
        writer.Write(record.Partition!.Value);
        writer.Write(record.Timestamp!.Value.ToUnixTimeMilliseconds());
        Write(writer, record.Key);
        Write(writer, record.Value);
        writer.Write(record.Headers?.Count ?? 0);
        foreach (var header in record.Headers ?? [])
        {
            Write(writer, Encoding.UTF8.GetBytes(header.Name));
            Write(writer, header.Value);
        }
    }

    private static void Write(BinaryWriter writer, ReadOnlyMemory<byte>? bytes)
    {
        writer.Write(bytes?.Length ?? -1);
        if (bytes is { } present) writer.Write(present.Span);
    }

    private static ProducerRecord ReadRecord(BinaryReader reader)
    {
        int partition = reader.ReadInt32();
        var timestamp = DateTimeOffset.FromUnixTimeMilliseconds(reader.ReadInt64());
        var (key, value) = (ReadBytes(reader), ReadBytes(reader));
        var headers = new RecordHeader[reader.ReadInt32()];
        for (int i = 0; i < headers.Length; i++)
            headers[i] = new RecordHeader(Encoding.UTF8.GetString(ReadBytes(reader)!.Value.Span), ReadBytes(reader));

        return new ProducerRecord { Partition = partition, Timestamp = timestamp, Key = key, Value = value, Headers = headers };
    }

    private static ReadOnlyMemory<byte>? ReadBytes(BinaryReader reader)
    {
        int length = reader.ReadInt32();
        if (length < 0) return null;
        byte[] bytes = reader.ReadBytes(length);
        return bytes.Length == length ? bytes : throw new EndOfStreamException();
    }

    private static TidemillException Corrupt(string path, Exception? error) =>
        new(ErrorCode.DataCorrupt, $"{path} is not the checkpoint it should be.", error);
}

internal sealed record CheckpointJson
{
    public required string Project { get; init; }

    public required string Stream { get; init; }

    public required string Sink { get; init; }

    public required IReadOnlyList<PositionJson> Positions { get; init; }

    public IntentJson? Intent { get; init; }
}

internal sealed record PositionJson(string Topic, int Partition, long Offset);

internal sealed record IntentJson
{
    public required Guid Id { get; init; }

    public required string SourceTopic { get; init; }

    public required int SourcePartition { get; init; }

    public required long Start { get; init; }

    public required long End { get; init; }

    public required string Topic { get; init; }

    public required Dictionary<int, long> Ends { get; init; }

    public required int Records { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(CheckpointJson))]
internal sealed partial class CheckpointJsonContext : JsonSerializerContext;
