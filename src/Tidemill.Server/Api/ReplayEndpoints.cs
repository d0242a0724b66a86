using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tidemill.Server.Hosting;
using Tidemill.Streaming.Replay;

namespace Tidemill.Server.Api;

/// <summary>A range of a stream's topic run through the stream again: planned first, then done.</summary>
internal static class ReplayEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/streams/{name}/replay/plan", async (
            string name, ReplayRangeRequest request, ProjectRuntime runtime, CancellationToken cancellationToken) =>
            TypedResults.Ok(ReplayPlanAnswer.Of(await runtime.Engine.RangeReplay.PreviewAsync(request.For(name), cancellationToken))))
            .WithSummary("What a replay would read, write and touch. Nothing is changed.");
        api.MapPost("/streams/{name}/replay", RunAsync)
            .WithSummary("Runs the range through the stream again without doubling rows; the stream is held meanwhile.");
    }

    private static async Task<Ok<ReplayOutcomeAnswer>> RunAsync(
        string name, ReplayRangeRequest request, ProjectRuntime runtime, CancellationToken cancellationToken)
    {
        var outcome = await runtime.Engine.RangeReplay.RunAsync(request.For(name), runtime.Engine.Streams, cancellationToken);
        return TypedResults.Ok(new ReplayOutcomeAnswer(
            ReplayPlanAnswer.Of(outcome.Plan), outcome.Records, outcome.RowsWritten, outcome.DeadLettersReplayed, outcome.DeadLettersNew));
    }
}

/// <summary>From and To are offsets or ISO 8601 times, To exclusive; empty: the log's beginning, and where the sinks stand.</summary>
public sealed record ReplayRangeRequest(string? From = null, string? To = null, string? Partition = null, bool Rebuild = false)
{
    internal RangeReplayRequest For(string stream) => new(
        stream, Bound(From), Bound(To),
        string.IsNullOrWhiteSpace(Partition) ? null
            : int.TryParse(Partition, CultureInfo.InvariantCulture, out var number) ? number
            : throw new Tidemill.Core.Errors.TidemillException(
                Tidemill.Core.Errors.ErrorCode.InvalidRequest, "The partition is no number."),
        Rebuild);

    private static ReplayBound? Bound(string? text) => string.IsNullOrWhiteSpace(text) ? null : ReplayBound.Parse(text.Trim());
}

public sealed record ReplayRangeAnswer(int Partition, long From, long To, long Records);

/// <summary>Columns, Rows and Summary say the same for people.</summary>
public sealed record ReplayPlanAnswer(
    string Stream, string Topic, bool Rebuild, long Records, IReadOnlyList<ReplayRangeAnswer> Ranges, IReadOnlyList<ReplaySink> Sinks,
    long DeadLetters, IReadOnlyList<string> Notes, IReadOnlyList<string> Refusals,
    IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows, string Summary)
{
    internal static ReplayPlanAnswer Of(ReplayPlan plan) => new(
        plan.Stream, plan.Topic, plan.Rebuild, plan.Records,
        [.. plan.Ranges.Select(r => new ReplayRangeAnswer(r.Partition.Partition, r.Start.Value, r.End.Value, r.Count))],
        plan.Sinks, plan.DeadLetters, plan.Notes, plan.Refusals,
        ["part of the plan", "what happens"], [.. Lines(plan)],
        plan.Refusals.Count > 0 ? $"Refused. {string.Join(" ", plan.Refusals)}" : $"{plan.Records} records would be run again.");

    private static IEnumerable<IReadOnlyList<string>> Lines(ReplayPlan plan)
    {
        foreach (var range in plan.Ranges)
            yield return [$"read {range.Partition}", $"offsets {range.Start} to {range.End}, {range.Count} records"];

        foreach (var sink in plan.Sinks)
        {
            var counts = sink.New is null ? "" : $": {sink.New} new, {sink.Changed} changed, {sink.Unchanged} unchanged";
            yield return [$"write {sink.Target}", $"{Words(sink.Method)}{counts}"];
        }

        yield return ["dead letters", plan.Rebuild
            ? $"{plan.DeadLetters} removed, found anew where records still fail"
            : $"{plan.DeadLetters} open ones tried again"];
        foreach (var note in plan.Notes)
            yield return ["note", note];

        foreach (var refusal in plan.Refusals)
            yield return ["refused", refusal];
    }

    private static string Words(ReplayMethod method) => method switch
    {
        ReplayMethod.ByKey => "by its key",
        ReplayMethod.DeleteAndInsert => "rows of the range are deleted and inserted",
        ReplayMethod.Deduplicated => "events taken before are left out",
        ReplayMethod.ById => "the same documents under the same ids",
        ReplayMethod.Rebuild => "emptied, then filled again by the stream",
        _ => "refused",
    };
}

/// <summary>What was done.</summary>
public sealed record ReplayOutcomeAnswer(
    ReplayPlanAnswer Plan, long Records, long RowsWritten, long DeadLettersReplayed, long DeadLettersNew);
