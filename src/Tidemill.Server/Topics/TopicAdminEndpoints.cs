using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Server.Api;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Topics;

/// <summary>A topic in full, making one and deleting one.</summary>
internal static class TopicAdminEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/topics/{topic}", async (string topic, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(await DescribeAsync(runtime, topic, cancellationToken)))
            .WithSummary("A topic: partitions with their offsets, sizes and brokers, its settings, the groups that read it and the "
            + "streams that name it.");
        api.MapPost("/topics", CreateAsync).WithSummary("Makes a topic; one that exists with as many partitions is left as it is.");
        api.MapDelete("/topics/{topic}", DeleteAsync)
            .WithSummary("Deletes a topic with its records. Refused while a stream of the project names it.");
    }

    public static async Task<TopicDetail> DescribeAsync(ProjectRuntime runtime, string topic, CancellationToken cancellationToken)
    {
        var description = await runtime.RequireTopicAsync(topic, cancellationToken);
        var groups = await GroupEndpoints.ListAsync(runtime, cancellationToken);
        return new TopicDetail(
            TopicAnswer.Of(description),
            description.Settings,
            [.. groups.Where(g => g.Positions.Any(p => p.Topic == topic)).Select(g => new TopicGroup(
                g.Name, g.State, g.Stream, g.Members.Count, g.Positions.Where(p => p.Topic == topic).Sum(p => p.Lag ?? 0)))],
            StreamsOf(runtime, topic));
    }

    private static List<string> StreamsOf(ProjectRuntime runtime, string topic) =>
        [.. runtime.Project.Flows.Where(flow => Names(flow).Contains(topic)).Select(flow => flow.Name)];

    private static IEnumerable<string?> Names(FlowDefinition flow) => flow switch
    {
        PumpDefinition pump => [pump.Topic],
        StreamDefinition stream => stream.Sinks.Select(sink => (sink.Output as TopicOutput)?.Topic)
            .Append(stream.Source.Topic).Append(stream.DeadLetterTopic),
        _ => [],
    };

    private static async Task<Ok<TopicAnswer>> CreateAsync(
        CreateTopicRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(request.Name)
            || request.Partitions is < 1 or > 10_000 || request.ReplicationFactor is < 1 or > short.MaxValue)
        {
            throw new TidemillException(ErrorCode.InvalidRequest, "A topic wants a name, 1 to 10,000 partitions and at least one replica.");
        }

        var standard = new TopicSpec(request.Name);
        return TypedResults.Ok(TopicAnswer.Of(await runtime.Log.CreateTopicAsync(
            standard with
            {
                Partitions = request.Partitions ?? standard.Partitions,
                ReplicationFactor = request.ReplicationFactor ?? standard.ReplicationFactor,
                RetentionTime = request.RetentionHours is { } hours ? TimeSpan.FromHours(hours) : null,
                RetentionBytes = request.RetentionBytes,
                MaxRecordBytes = request.MaxRecordBytes ?? standard.MaxRecordBytes,
                Options = request.Options ?? standard.Options,
            },
            cancellationToken)));
    }

    private static async Task<NoContent> DeleteAsync(string topic, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        await runtime.RequireTopicAsync(topic, cancellationToken);
        if (StreamsOf(runtime, topic) is { Count: > 0 } streams)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"Topic {topic} is named by {string.Join(", ", streams)}. Take it out of those streams first.");
        }

        await runtime.Log.DeleteTopicAsync(topic, cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>A topic in full.</summary>
public sealed record TopicDetail(
    TopicAnswer Topic, TopicSettings Settings, IReadOnlyList<TopicGroup> Groups, IReadOnlyList<string> Streams);

/// <summary>A group that reads the topic; Lag counts this topic alone.</summary>
public sealed record TopicGroup(string Name, string State, string? Stream, int Members, long Lag);

/// <param name="Partitions">Default 1.</param>
/// <param name="ReplicationFactor">Default 1; ignored by the embedded log.</param>
/// <param name="RetentionHours">Absent: kept for ever.</param>
/// <param name="RetentionBytes">A partition's bound. Absent: none.</param>
/// <param name="MaxRecordBytes">Default 1 MiB.</param>
/// <param name="Options">Further settings by the log's own names.</param>
public sealed record CreateTopicRequest(
    string Name, int? Partitions = null, int? ReplicationFactor = null, double? RetentionHours = null, long? RetentionBytes = null,
    int? MaxRecordBytes = null, IReadOnlyDictionary<string, string>? Options = null);
