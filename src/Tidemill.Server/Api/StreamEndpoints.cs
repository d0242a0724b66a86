using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>Streams: how they stand, pause, resume.</summary>
internal static class StreamEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/streams", (ProjectRuntime runtime) => TypedResults.Ok(runtime.StreamStatus()))
            .WithSummary("Every stream that runs in this process. Latencies are milliseconds, NaN while there are none.");
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
}
