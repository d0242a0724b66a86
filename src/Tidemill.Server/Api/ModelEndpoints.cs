using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Models.Materializations;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>Models: plan and run.</summary>
internal static class ModelEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/models/plan", PlanAsync).WithSummary("What a run of these models would do, statement by statement; changes nothing.");
        api.MapPost("/models/run", RunAsync).WithSummary("Builds models in their order; one result a model.");
    }

    private static async Task<Ok<IReadOnlyList<ModelStepAnswer>>> PlanAsync(
        string[]? select, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var plan = await runtime.Engine.Models.Open().PlanAsync(select ?? [], cancellationToken);
        return TypedResults.Ok<IReadOnlyList<ModelStepAnswer>>(
            [.. plan.Steps.Select(s => new ModelStepAnswer(s.Model.Name, s.Model.Path, s.Summary, [.. s.Statements.Select(t => t.Sql)]))]);
    }

    private static async Task<Ok<ModelRunAnswer>> RunAsync(
        ModelRunRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var results = await runtime.Engine.Models.Open().RunAsync(request.Select ?? [], cancellationToken);
        return TypedResults.Ok(new ModelRunAnswer(
            results.All(r => r.Status == ModelStatus.Succeeded),
            [.. results.Select(r => new ModelResultAnswer(
                r.Model, r.Status, r.Rows, r.Duration.TotalSeconds, r.Error?.Message, r.Error?.Code.ToString()))]));
    }
}

public sealed record ModelStepAnswer(string Model, string File, string Summary, IReadOnlyList<string> Statements);

/// <summary>Selectors: names, +name (with all before it), name+ (with all after it), tag:x, ...; null or empty means all.</summary>
public sealed record ModelRunRequest(IReadOnlyList<string>? Select = null);

/// <summary>Succeeded is true when every model was built.</summary>
public sealed record ModelRunAnswer(bool Succeeded, IReadOnlyList<ModelResultAnswer> Results);

public sealed record ModelResultAnswer(string Model, ModelStatus Status, long Rows, double Seconds, string? Error, string? Code);
