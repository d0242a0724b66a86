using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Sinks;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Replay;

/// <summary>
/// Runs a range of a stream's topic through the stream again, as it is defined now, without doubling rows. The stream does
/// not run in this process meanwhile; checkpoints stay, save for a rebuild, which sets them back together with emptying the
/// tables. Each batch commits by itself and may be carried out again: a replay that was killed is run anew.
/// </summary>
public sealed class RangeReplay(StreamServices services, IReadOnlyList<StreamDefinition> streams, StreamDeadLetters letters)
{
    private readonly ReplayPlanner _planner = new(services, streams, letters);

    /// <summary>What the replay will do, with what it will change in the tables as far as that can be told. Nothing is written.</summary>
    public async Task<ReplayPlan> PreviewAsync(RangeReplayRequest request, CancellationToken cancellationToken)
    {
        var stream = await ResolveAsync(request, cancellationToken);
        var plan = await _planner.PlanAsync(request, stream, cancellationToken);
        return plan.Refusals.Count > 0 || plan.Rebuild
            ? plan
            : await new ReplayEstimate(
                services).AddAsync(plan, stream, await letters.IndexAsync(stream.Name, cancellationToken), cancellationToken);
    }

    /// <summary>Plans and carries out. InvalidRequest, with all refusals, when rows would be doubled or lost.</summary>
    /// <param name="supervisor">Who runs the stream in this process; null when nobody does.</param>
    public async Task<ReplayOutcome> RunAsync(RangeReplayRequest request, StreamSupervisor? supervisor, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (supervisor is null)
            return await RunAsync(request, cancellationToken);

        ReplayOutcome? outcome = null;
        await supervisor.RunExclusiveAsync(request.Stream, async token => outcome = await RunAsync(request, token), cancellationToken);
        return outcome!;
    }

    private async Task<ReplayOutcome> RunAsync(RangeReplayRequest request, CancellationToken cancellationToken)
    {
        var stream = await ResolveAsync(request, cancellationToken);
        var plan = await _planner.PlanAsync(request, stream, cancellationToken);
        if (plan.Refusals.Count > 0)
            throw new TidemillException(ErrorCode.InvalidRequest, string.Join(" ", plan.Refusals));

        if (plan.Rebuild)
        {
            await RebuildAsync(stream, plan, cancellationToken);
            return new ReplayOutcome(plan, 0, 0, 0, 0);
        }

        var metrics = new StreamMetrics(stream.Name, "replay", services.Time);
        var open = (await letters.IndexAsync(stream.Name, cancellationToken)).Marks
            .Where(m => ReplayPlanner.IsReplayed(m, plan.Ranges)).Select(m => m.Position).ToList();
        await WriteAsync(stream, plan, metrics, cancellationToken);
        var replayed = open.Count == 0
            ? []
            : await new DeadLetterReplay(services, streams, letters).ReplayAsync(stream.Name, open, null, cancellationToken);
        var done = metrics.Snapshot();
        return new ReplayOutcome(plan, done.Records, done.RowsWritten, replayed.Count(r => r.Replayed), done.DeadLetters);
    }

    private Task<StreamDefinition> ResolveAsync(RangeReplayRequest request, CancellationToken cancellationToken) =>
        EvolvedSchema.ResolveAsync(services.Warehouse, streams.ReaderNamed(request.Stream), cancellationToken);

    private async Task WriteAsync(StreamDefinition stream, ReplayPlan plan, StreamMetrics metrics, CancellationToken cancellationToken)
    {
        var declared = streams.First(s => s.Name == stream.Name);
        var drift = new DriftGuard(services, declared);
        var reader = new ReplayReader(services.LogOf(stream.Source), await letters.IndexAsync(stream.Name, cancellationToken));
        foreach (var range in plan.Ranges)
        {
            var next = range.Start;
            while (next < range.End)
            {
                // Each round begins where the last one met a change of the schema.
                await drift.LoadAsync(cancellationToken);
                await using var round = await ReplayRound.OpenAsync(services, drift.Current, plan, metrics, cancellationToken);
                next = await round.RunAsync(
                    reader.ReadAsync(range with { Start = next }, cancellationToken), next, drift, cancellationToken);
            }
        }
    }

    /// <summary>All or nothing: tables and remembered keys empty, checkpoints at the beginning, letters gone.</summary>
    private async Task RebuildAsync(StreamDefinition stream, ReplayPlan plan, CancellationToken cancellationToken)
    {
        var statements = new List<string>();
        foreach (var table in stream.Sinks.Select(sink => sink.Output).OfType<TableOutput>())
            statements.Add($"DELETE FROM {table.Table.Quoted}");

        var seen = WarehouseSink.SeenKeysOf(stream);
        if (await services.Warehouse.DescribeAsync(seen, cancellationToken) is not null)
            statements.Add($"DELETE FROM {seen.Quoted}");

        // A row of offset 0, not a missing one: a writer elsewhere that is late finds another position than it expects.
        var owned = $"project = {SqlName.Literal(services.Warehouse.Project)} AND stream = {SqlName.Literal(stream.Name)}";
        statements.Add(
            $"UPDATE {SystemTables.Checkpoints} SET next_offset = 0 WHERE {owned} AND topic = {SqlName.Literal(plan.Topic)}");
        statements.Add($"DELETE FROM {SystemTables.DeadLetters} WHERE {owned}");
        await services.Warehouse.ExecuteInTransactionAsync(statements, cancellationToken);
    }
}
