using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Verification;

namespace Tidemill.Server.Api;

/// <summary>POST /api/verify: the proof that every record is in its table exactly once or in dead letters.</summary>
internal static class VerifyEndpoint
{
    public static void Map(IEndpointRouteBuilder api) => api.MapPost("/verify", VerifyAsync)
        .WithSummary("Reads topics again and compares them with the tables fed from them; one report a table.");

    private static async Task<Ok<VerifyAnswer>> VerifyAsync(
        VerifyRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var reports = await runtime.Engine.Verifier.VerifyAsync(request.Stream, cancellationToken);
        return TypedResults.Ok(new VerifyAnswer(reports.All(r => r.Proven), reports));
    }
}

/// <summary>Which stream; null means all that read a topic.</summary>
public sealed record VerifyRequest(string? Stream = null);

/// <summary>Proven is true when every report is.</summary>
public sealed record VerifyAnswer(bool Proven, IReadOnlyList<VerifyReport> Reports);
