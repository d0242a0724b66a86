using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Api;

/// <summary>Search indexes: list, find documents.</summary>
internal static class SearchEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/search", ListAsync).WithSummary("Indexes with their document counts and mappings.");
        api.MapGet("/search/{index}", SearchAsync).WithSummary("Documents that hold every word of q, in id order.");
        api.MapGet("/search/{index}/{id}", FindAsync).WithSummary("One document.");
    }

    private static async Task<Ok<IReadOnlyList<IndexAnswer>>> ListAsync(ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var indexes = await runtime.Search.ListIndexesAsync(cancellationToken);
        return TypedResults.Ok<IReadOnlyList<IndexAnswer>>(
            [.. indexes.Select(i => new IndexAnswer(i.Name, i.Documents, i.Mapping.Fields))]);
    }

    private static async Task<Ok<SearchAnswer>> SearchAsync(
        string index, string? q, int? from, int? size, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var page = await runtime.Search.SearchAsync(
            index, string.IsNullOrWhiteSpace(q) ? null : q, Math.Max(from ?? 0, 0), RequestLimits.Page(size, 50), cancellationToken);
        return TypedResults.Ok(new SearchAnswer(
            page.Total, [.. page.Hits.Select(h => new SearchHitAnswer(h.Id, h.Version, h.Source))]));
    }

    private static async Task<Ok<JsonElement>> FindAsync(
        string index, string id, ProjectRuntime runtime, CancellationToken cancellationToken) =>
        TypedResults.Ok(await runtime.Search.GetAsync(index, id, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, "The index has no document of that id."));
}

/// <summary>An index; Fields maps field name to type name.</summary>
public sealed record IndexAnswer(string Name, long Documents, IReadOnlyDictionary<string, string> Fields);

public sealed record SearchAnswer(long Total, IReadOnlyList<SearchHitAnswer> Hits);

public sealed record SearchHitAnswer(string Id, long Version, JsonElement Source);
