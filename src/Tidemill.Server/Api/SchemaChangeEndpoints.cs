using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Warehouses;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Drift;

namespace Tidemill.Server.Api;

/// <summary>The decision log: where records left a stream's declared schema, and what became of it.</summary>
internal static class SchemaChangeEndpoints
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/schema-changes", ListAsync).WithSummary("Schema changes that streams met and what was decided, newest first.");

    private static async Task<Ok<IReadOnlyList<SchemaChangeAnswer>>> ListAsync(
        string? stream, int? limit, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var changes = await new SchemaChangeStore(runtime.Warehouse).ListAsync(stream, RequestLimits.Page(limit), cancellationToken);
        return TypedResults.Ok<IReadOnlyList<SchemaChangeAnswer>>([.. changes.Select(SchemaChangeAnswer.Of)]);
    }
}

/// <summary>Types are DuckDB's names; the position is that of the first record seen with the change.</summary>
public sealed record SchemaChangeAnswer(
    DateTimeOffset At, string Stream, Stored<SchemaChangeKind> Kind, string Field, string? Column, string? OldType, string? NewType,
    Stored<SchemaDecision> Decision, string? Detail, PositionAnswer? Position)
{
    internal static SchemaChangeAnswer Of(SchemaChange change) => new(
        change.At, change.Stream, change.Kind, change.Field, change.Column, change.OldType, change.NewType, change.Decision, change.Detail,
        change.Position is { } position ? PositionAnswer.Of(position) : null);
}
