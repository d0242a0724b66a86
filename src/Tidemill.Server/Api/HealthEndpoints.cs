using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tidemill.Observability.Health;
using Tidemill.Observability.Metrics;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>/health for orchestrators, /metrics for Prometheus, /api/ping for finding a server.</summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(
            "/health", async (HttpContext context, ProjectRuntime runtime, AccessToken token, CancellationToken cancellationToken) =>
        {
            var report = await HealthProbe.CheckAsync(runtime, cancellationToken);
            // Orchestrators ask without a token; the parts' messages name hosts and are for those who hold it.
            var parts = token.IsHeldBy(context.Request) ? report.Parts : [];
            return Results.Json(new HealthAnswer(report.State, parts), ApiJson.Web.HealthAnswer, statusCode: report.StatusCode);
        }).WithSummary("200 while the server does its work, 503 when a part does not; each part with its state. Needs no token, but "
            + "tells the parts only to those who send it.")
            .Produces<HealthAnswer>();

        routes.MapGet("/metrics", async (ProjectRuntime runtime, CancellationToken cancellationToken) =>
            Results.Text(await MetricsPage.WriteAsync(runtime, cancellationToken), MetricWriter.ContentType))
            .WithSummary("Metrics in Prometheus text format 0.0.4.");

        routes.MapGet("/api/ping", (ProjectRuntime runtime) => TypedResults.Ok(
            new ServerPing(runtime.Instance, runtime.Project.Name, runtime.Project.Target.Name)))
            .WithSummary("Which server this is; touches nothing.");
    }
}

public sealed record HealthAnswer(HealthState State, IReadOnlyList<HealthPart> Parts);
