using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Positions;

namespace Tidemill.Server.Topics;

/// <summary>Consumer groups: who they are, how far behind, and setting their positions by plan.</summary>
internal static class GroupEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/groups", async (ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(await ListAsync(runtime, cancellationToken)))
            .WithSummary("Consumer groups with their members and lag.");
        api.MapGet("/groups/{group}", async (string group, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(await RequireAsync(runtime, group, cancellationToken)))
            .WithSummary("A group: members, and committed position and lag by partition.");
        api.MapPost(
            "/groups/{group}/plan",
            async (string group, PositionsRequest request, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(PlanAnswer.Of(await Positions(runtime).PlanAsync(group, request.Read(), cancellationToken))))
            .WithSummary("What setting a group's positions would do. to: earliest, latest, an offset, a shift (+100, -100) or a time.");
        api.MapPost("/groups/{group}/positions", SetAsync).WithSummary("Sets a group's positions; the group must have no members.");
    }

    public static async Task<IReadOnlyList<GroupAnswer>> ListAsync(ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        List<GroupAnswer> groups = [];
        foreach (var listing in await runtime.Log.ListGroupsAsync(cancellationToken))
        {
            if (await runtime.Log.DescribeGroupAsync(listing.Name, cancellationToken) is { } group)
                groups.Add(GroupAnswer.Of(group, Positions(runtime).StreamOf(group.Name)));
        }

        return groups;
    }

    public static async Task<GroupAnswer> RequireAsync(ProjectRuntime runtime, string group, CancellationToken cancellationToken) =>
        await runtime.Log.DescribeGroupAsync(group, cancellationToken) is { } found
            ? GroupAnswer.Of(found, Positions(runtime).StreamOf(group))
            : throw new TidemillException(
                ErrorCode.NotFound, "There is no group of that name; `tidemill groups list` shows those there are.");

    private static GroupPositions Positions(ProjectRuntime runtime) => new(runtime.Log, runtime.Project.Name);

    private static async Task<Ok<PlanAnswer>> SetAsync(
        string group, PositionsRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var plan = await Positions(runtime).PlanAsync(group, request.Read(), cancellationToken);
        await Positions(runtime).ApplyAsync(plan, cancellationToken);
        return TypedResults.Ok(PlanAnswer.Of(plan));
    }
}

/// <summary>Where positions are to go.</summary>
/// <param name="To">earliest, latest, an offset, a shift (+100, -100) or a time.</param>
/// <param name="Topic">Absent: every topic that the group has positions in.</param>
/// <param name="Partition">Absent: every partition.</param>
public sealed record PositionsRequest(string? To, string? Topic = null, int? Partition = null)
{
    internal PositionRequest Read() => new(PositionTarget.Parse(To), string.IsNullOrWhiteSpace(Topic) ? null : Topic, Partition);
}

/// <summary>What setting positions does: each move, records skipped and repeated in all, warnings, and why it cannot be done.</summary>
public sealed record PlanAnswer(
    string Name, long Skipped, long Repeated, IReadOnlyList<PositionMove> Moves, IReadOnlyList<string> Warnings, string? Refusal,
    string Summary, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows)
{
    internal static PlanAnswer Of(PositionPlan plan)
    {
        var withSinks = plan.Moves.Any(m => m.Sink is not null);
        return new PlanAnswer(
            plan.Name, plan.Skipped, plan.Repeated, plan.Moves, plan.Warnings, plan.Refusal, SummaryOf(plan),
            withSinks
                ? ["Sink", "Partition", "Now", "Then", "Skipped", "Repeated"]
                : ["Topic", "Partition", "Now", "Then", "Skipped", "Repeated"],
            [.. plan.Moves.Select(m => (IReadOnlyList<string?>)
                [withSinks
                    ? m.Sink
                    : m.Topic, Text(m.Partition), m.From is { } from
                    ? Text(from)
                    : "none", Text(m.To), Text(m.Skipped), Text(m.Repeated)])]);
    }

    private static string SummaryOf(PositionPlan plan) => plan.Refusal
        ?? string.Join(' ', plan.Warnings.Prepend(
            plan.Skipped + plan.Repeated == 0 ? "Nothing is skipped or repeated."
            : string.Create(
                System.Globalization.CultureInfo.InvariantCulture, $"{plan.Skipped} records skipped, {plan.Repeated} repeated.")));

    private static string Text(long value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <param name="Stream">The stream whose positions the group mirrors; absent for other groups.</param>
public sealed record GroupAnswer(
    string Name, string State, string? Stream, long Lag, IReadOnlyList<MemberAnswer> Members, IReadOnlyList<GroupPositionAnswer> Positions)
{
    internal static GroupAnswer Of(GroupDescription group, string? stream) => new(
        group.Name, group.State.ToString(), stream, group.Positions.Sum(p => p.Lag ?? 0),
        [.. group.Members.Select(m => new MemberAnswer(m.Id, m.ClientId, m.Host, [.. m.Assignment.Select(p => p.ToString())]))],
        [.. group.Positions.Select(
            p => new GroupPositionAnswer(p.Partition.Topic, p.Partition.Partition, p.Committed?.Value, p.Next?.Value, p.Lag))]);
}

public sealed record MemberAnswer(string Id, string ClientId, string Host, IReadOnlyList<string> Assignment);

/// <summary>Committed is absent when nothing was, Next when the partition is gone.</summary>
public sealed record GroupPositionAnswer(string Topic, int Partition, long? Committed, long? Next, long? Lag);
