namespace Tidemill.Streaming.Positions;

/// <summary>What is asked for: the target, for one topic or partition or for all.</summary>
public sealed record PositionRequest(PositionTarget Target, string? Topic = null, int? Partition = null);

/// <summary>
/// One position's way: of a group, or of one sink of a stream. From is null when none was held. Skipped records will not be
/// read; repeated ones will be read again.
/// </summary>
public sealed record PositionMove(string? Sink, string Topic, int Partition, long? From, long To, long Skipped, long Repeated)
{
    /// <summary>A move of a position, <paramref name="start"/> being where reading would begin without one.</summary>
    public static PositionMove Of(string? sink, string topic, int partition, long? from, long start, long to)
    {
        var now = from ?? start;
        return new PositionMove(sink, topic, partition, from, to, Math.Max(0, to - now), Math.Max(0, now - to));
    }
}

/// <summary>What setting positions would do; carried out as it stands. A refusal says why it cannot be.</summary>
public sealed record PositionPlan(string Name, IReadOnlyList<PositionMove> Moves, IReadOnlyList<string> Warnings, string? Refusal)
{
    public long Skipped => Moves.Sum(m => m.Skipped);

    public long Repeated => Moves.Sum(m => m.Repeated);
}
