using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Status;

namespace Tidemill.Server.Api;

/// <summary>GET /api/status: the whole at a glance.</summary>
internal static class StatusEndpoints
{
    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/status", StatusAsync)
        .WithSummary("Project, target, uptime, streams, topics and the warehouse's state.");

    public static async Task<Microsoft.AspNetCore.Http.HttpResults.Ok<StatusAnswer>> StatusAsync(
        ProjectRuntime runtime, CancellationToken cancellationToken) => TypedResults.Ok(new StatusAnswer
        {
            Project = runtime.Project.Name,
            Target = runtime.Project.Target.Name,
            Folder = runtime.Project.Folder,
            DataFolder = runtime.DataFolder.Path,
            Started = runtime.Started,
            UptimeSeconds = (runtime.Time.GetUtcNow() - runtime.Started).TotalSeconds,
            Log = runtime.Log.Description,
            Warehouse = WarehouseAnswer.Of(runtime),
            Streams = runtime.StreamStatus(),
            Topics = await TopicsAsync(runtime.Log, cancellationToken),
        });

    /// <summary>Topics, or none while the brokers are away: health and streams say so.</summary>
    private static async Task<IReadOnlyList<TopicAnswer>> TopicsAsync(ILog log, CancellationToken cancellationToken)
    {
        try
        {
            return await TopicEndpoints.DescribeAsync(log, cancellationToken);
        }
        catch (TidemillException error) when (error.Code is ErrorCode.Unavailable or ErrorCode.AccessDenied)
        {
            return [];
        }
    }
}

/// <summary>Answer of GET /api/status.</summary>
public sealed record StatusAnswer
{
    public required string Project { get; init; }

    public required string Target { get; init; }

    public required string Folder { get; init; }

    public required string DataFolder { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required double UptimeSeconds { get; init; }

    public required string Log { get; init; }

    public required WarehouseAnswer Warehouse { get; init; }

    public required IReadOnlyList<StreamStatus> Streams { get; init; }

    public required IReadOnlyList<TopicAnswer> Topics { get; init; }
}

/// <param name="Open">False while the warehouse is waited for.</param>
/// <param name="Description">Where it lives, or what is waited for.</param>
/// <param name="LastError">Why the last attempt to open it failed.</param>
public sealed record WarehouseAnswer(bool Open, string Description, string? LastError)
{
    internal static WarehouseAnswer Of(ProjectRuntime runtime) => runtime.Gate.IsOpen
        ? new WarehouseAnswer(true, runtime.Warehouse.Description, null)
        : new WarehouseAnswer(false, "waiting for warehouse", runtime.Gate.LastError);
}

public sealed record TopicAnswer(string Name, long Records, long? Bytes, IReadOnlyList<PartitionAnswer> Partitions)
{
    internal static TopicAnswer Of(TopicDescription topic) => new(
        topic.Name, topic.Records, topic.Partitions.Sum(p => p.Bytes),
        [.. topic.Partitions.Select(p => new PartitionAnswer(p.Partition, p.Earliest.Value, p.Next.Value, p.Bytes, p.Replicas))]);
}

/// <summary>A partition: Earliest is the first offset still held, Next the next one to be given.</summary>
public sealed record PartitionAnswer(int Partition, long Earliest, long Next, long? Bytes, PartitionReplicas? Replicas = null);
