using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;
using Tidemill.Server.Topics;
using Tidemill.Streaming;
using Tidemill.Streaming.Positions;
using Tidemill.Streaming.Status;

namespace Tidemill.Server.Api;

/// <summary>Streams: how they stand, pause, resume.</summary>
internal static class StreamEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/streams", (ProjectRuntime runtime) => TypedResults.Ok(runtime.StreamStatus()))
            .WithSummary("Every stream that runs in this process. Latencies are milliseconds, NaN while there are none.");
        api.MapGet("/streams/{name}", async (string name, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(await DescribeAsync(runtime, name, cancellationToken)))
            .WithSummary("A stream: its numbers, its last errors, and each sink's position by partition, or why it is not known.");
        api.MapPost(
            "/streams/{name}/plan",
            async (string name, PositionsRequest request, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(PlanAnswer.Of(await runtime.Engine.Positions.PlanAsync(name, request.Read(), cancellationToken))))
            .WithSummary("What moving the checkpoints of a stream's sinks would do. to: earliest, latest, an offset, a shift (+100, "
            + "-100) or a time.");
        api.MapPost("/streams/{name}/positions", MoveAsync)
            .WithSummary("Moves the checkpoints of a stream's sinks. The stream must be paused, and no row may double.");
        api.MapPost("/streams/{name}/pause", NoContent (string name, ProjectRuntime runtime) =>
        {
            runtime.Engine.Streams.Pause(name);
            return TypedResults.NoContent();
        }).WithSummary("Holds the stream's reading; what is under way is written.");
        api.MapPost("/streams/{name}/resume", NoContent (string name, ProjectRuntime runtime) =>
        {
            runtime.Engine.Streams.Resume(name);
            return TypedResults.NoContent();
        }).WithSummary("Lets a paused stream read on.");
        api.MapPost("/streams/{name}/catch-up", async (string name, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(await runtime.Engine.CatchUpAsync(name, cancellationToken)))
            .WithSummary("Answers when the stream holds every record that its topic has now; runs it if it does not run.");
    }

    /// <summary>NotFound for a stream that the project does not have.</summary>
    public static async Task<StreamDetail> DescribeAsync(ProjectRuntime runtime, string name, CancellationToken cancellationToken)
    {
        _ = runtime.Project.Flows.Named(name);
        var status = runtime.StreamStatus().FirstOrDefault(s => s.Name == name);
        try
        {
            return new StreamDetail(status, await runtime.Engine.Positions.ReadAsync(name, cancellationToken));
        }
        catch (TidemillException error)
        {
            // Whoever looks for what is wrong sees the rest.
            return new StreamDetail(status, [], error.Message);
        }
    }

    private static async Task<Ok<PlanAnswer>> MoveAsync(
        string name, PositionsRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var positions = runtime.Engine.Positions;
        var plan = await positions.PlanAsync(name, request.Read(), cancellationToken);
        await positions.ApplyAsync(plan, cancellationToken);
        return TypedResults.Ok(PlanAnswer.Of(plan));
    }
}

/// <summary>
/// A stream in full. Status is absent when the stream does not run in this process; Problem says why its partitions are not
/// known, as while the log or the warehouse is away, and is absent else.
/// </summary>
public sealed record StreamDetail(StreamStatus? Status, IReadOnlyList<StreamPartition> Partitions, string? Problem = null);
