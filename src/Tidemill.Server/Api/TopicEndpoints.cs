using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Server.Api.Ingest;
using Tidemill.Server.Hosting;
using Tidemill.Server.Topics;

namespace Tidemill.Server.Api;

/// <summary>Topics: what there is, append, browse.</summary>
internal static class TopicEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/topics", async (ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(await DescribeAsync(runtime.Log, cancellationToken)))
            .WithSummary("All topics with their partitions' offsets and sizes.");
        api.MapPost("/topics/{topic}/records", AppendAsync)
            .WithSummary("Appends records; durable before it answers. All of the body is appended or, when any of it is wrong, nothing.")
            .Accepts<System.Text.Json.JsonElement>("application/json", "application/x-ndjson");
        api.MapGet("/topics/{topic}/records", BrowseAsync)
            .WithSummary("Records from an offset on; without one, the latest.");
    }

    public static async Task<IReadOnlyList<TopicAnswer>> DescribeAsync(ILog log, CancellationToken cancellationToken) =>
        [.. (await log.DescribeTopicsAsync(await log.ListTopicsAsync(cancellationToken), cancellationToken)).Select(TopicAnswer.Of)];

    private static async Task<Ok<AppendAnswer>> AppendAsync(
        string topic, string? key, [FromHeader(Name = "X-Record-Key")] string? recordKey, HttpRequest request,
        ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var description = await runtime.RequireTopicAsync(topic, cancellationToken);
        var options = new IngestOptions
        {
            KeyField = key,
            Key = recordKey,
            MaxRecordBytes = (runtime.Project.Topics.FirstOrDefault(t => t.Name == topic) ?? new TopicSpec(topic)).MaxRecordBytes,
        };
        if (request.Headers.ContentEncoding.Any(encoding => encoding is { Length: > 0 } and not "identity"))
        {
            throw new BadHttpRequestException(
                $"Content-Encoding {request.Headers.ContentEncoding} is not taken: send the records as they are.",
                StatusCodes.Status415UnsupportedMediaType);
        }

        using var body = await BodyBuffer.ReadAsync(request, cancellationToken);
        var records = Read(request.ContentType, body.Bytes, options);
        CheckPartitions(records, description);
        IReadOnlyList<RecordPosition> positions = records.Count == 0
            ? []
            : await runtime.Producer.ProduceAsync(topic, records, cancellationToken);
        return TypedResults.Ok(new AppendAnswer(
            topic, positions.Count, [.. positions.Select(p => new AppendedRecord(p.Partition.Partition, p.Offset.Value))]));
    }

    private static List<ProducerRecord> Read(string? contentType, ReadOnlyMemory<byte> body, IngestOptions options)
    {
        var type = (contentType ?? "").Split(';')[0].Trim().ToLowerInvariant();
        if (body.Span.StartsWith("\uFEFF"u8)) body = body[3..];
        return type switch
        {
            "application/x-ndjson" or "application/ndjson" or "application/jsonl" => RecordBody.ReadLines(body, options),
            "application/json" or "application/vnd.kafka.json.v2+json" => RecordBody.ReadJson(body, options),
            _ => throw new BadHttpRequestException(
                "Content-Type is neither application/json nor application/x-ndjson.", StatusCodes.Status415UnsupportedMediaType),
        };
    }

    private static void CheckPartitions(List<ProducerRecord> records, TopicDescription topic)
    {
        if (records.FindIndex(r => r.Partition is { } p && (p < 0 || p >= topic.Partitions.Count)) is var index and >= 0)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"records[{index}].partition is not between 0 and {topic.Partitions.Count - 1}.");
        }
    }

    private static async Task<Ok<IReadOnlyList<RecordAnswer>>> BrowseAsync(
        string topic, int? partition, long? offset, int? limit, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var page = await new RecordSearch(runtime.Log, runtime.Time).FindAsync(
            await runtime.RequireTopicAsync(topic, cancellationToken),
            RecordQuery.Of(partition, offset?.ToString(CultureInfo.InvariantCulture), RecordFilter.None, limit, null),
            cancellationToken);
        return TypedResults.Ok(page.Records);
    }
}

/// <summary>Answer of an append: where each record of the request stands, in the request's order.</summary>
public sealed record AppendAnswer(string Topic, int Count, IReadOnlyList<AppendedRecord> Records)
{
    /// <summary>Where a single record stands, as people write it: topic/partition/offset.</summary>
    public string? Position { get; init; }
}

public sealed record AppendedRecord(int Partition, long Offset);

/// <summary>A record; Value is null for a tombstone.</summary>
public sealed record RecordAnswer(
    int Partition, long Offset, DateTimeOffset Timestamp, BytesView? Key, BytesView? Value, IReadOnlyList<HeaderAnswer> Headers);

public sealed record HeaderAnswer(string Name, BytesView? Value);
