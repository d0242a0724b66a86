using Tidemill.Core.Errors;
using Tidemill.Core.Logs;

namespace Tidemill.Streaming.Positions;

/// <summary>Plans and sets the committed positions of consumer groups. Groups of streams are refused: nothing reads from theirs.</summary>
public sealed class GroupPositions(ILog log, string project)
{
    private readonly string _prefix = GroupPrefix(project);

    /// <summary>What the groups of a project's streams begin with.</summary>
    public static string GroupPrefix(string project) => $"tidemill.{project}.";

    /// <summary>The stream whose group it is; null for any other group.</summary>
    public string? StreamOf(string group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return group.StartsWith(_prefix, StringComparison.Ordinal) ? group[_prefix.Length..] : null;
    }

    /// <summary>NotFound when there is no such group and no topic is named for it.</summary>
    public async Task<PositionPlan> PlanAsync(string group, PositionRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var description = await log.DescribeGroupAsync(group, cancellationToken);
        if (description is null && request.Topic is null)
        {
            throw new TidemillException(
                ErrorCode.NotFound, "There is no group of that name. Name a topic to make one with positions in it.");
        }

        var topics = request.Topic is { } topic ? [topic] : description!.Positions.Select(p => p.Partition.Topic).Distinct().ToList();
        var committed = (description?.Positions ?? []).ToDictionary(p => p.Partition, p => p.Committed);
        List<PositionMove> moves = [];
        foreach (var name in topics)
            moves.AddRange(await MovesAsync(name, committed, request, cancellationToken));

        return new PositionPlan(group, moves, [], Refusal(group, description));
    }

    /// <summary>Carries a plan out; InvalidRequest with the plan's refusal when it has one.</summary>
    public async Task ApplyAsync(PositionPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Refusal is { } refusal)
            throw new TidemillException(ErrorCode.InvalidRequest, refusal);

        await log.SetGroupPositionsAsync(
            plan.Name,
            [.. plan.Moves.Select(m => new RecordPosition(new TopicPartition(m.Topic, m.Partition), new LogOffset(m.To)))],
            cancellationToken);
    }

    private async Task<List<PositionMove>> MovesAsync(
        string name, Dictionary<TopicPartition, LogOffset?> committed, PositionRequest request, CancellationToken cancellationToken)
    {
        var topic = await PartitionChoice.RequireAsync(log, name, request.Partition, cancellationToken);
        List<PositionMove> moves = [];
        foreach (var partition in PartitionChoice.Of(topic, request.Partition))
        {
            var from = committed.GetValueOrDefault(new TopicPartition(name, partition.Partition));
            var to = await request.Target.ResolveAsync(log, name, partition, from ?? partition.Earliest, cancellationToken);
            moves.Add(PositionMove.Of(null, name, partition.Partition, from?.Value, partition.Earliest.Value, to.Value));
        }

        return moves;
    }

    private string? Refusal(string group, GroupDescription? description) =>
        StreamOf(group) is { } stream
            ? $"This group only shows where stream {stream} stands; the stream goes on from its sinks' checkpoints. Move those: "
            + $"`tidemill streams reset {stream}`, or the stream's page."
            : description is { Members.Count: > 0 }
                ? $"The group has {description.Members.Count} members at work. Stop them first: they would overwrite what is set here."
                : null;
}
