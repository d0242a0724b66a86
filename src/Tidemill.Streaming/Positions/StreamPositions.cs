using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Pipeline;

namespace Tidemill.Streaming.Positions;

/// <summary>
/// A sink's position in a partition: Held is null when the sink has none, Lag counts from where reading then begins. Error says
/// why nothing is known of it now, and Held and Lag are null; else it is null.
/// </summary>
public sealed record SinkPosition(string Sink, long? Held, long? Lag, string? Error = null);

/// <summary>A partition as a stream sees it: what the log holds and how far each sink has come.</summary>
public sealed record StreamPartition(int Partition, long Earliest, long Next, IReadOnlyList<SinkPosition> Sinks)
{
    /// <summary>Records that the slowest sink does not hold yet, of those whose position is known; null when none is.</summary>
    public long? Lag => Sinks.Count == 0 ? 0 : Sinks.Max(s => s.Lag);
}

/// <summary>Reads the checkpoints of streams that read topics, and moves them by plan while the stream is paused.</summary>
public sealed class StreamPositions(StreamServices services, IReadOnlyList<FlowDefinition> flows, StreamSupervisor supervisor)
{
    /// <summary>How long a store may take to answer where it is only looked at.</summary>
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// By partition; empty for a pump or when the topic is gone. Where a sink's store is away, the error stands in place
    /// of its positions; Unavailable or TimedOut when the log is.
    /// </summary>
    public async Task<IReadOnlyList<StreamPartition>> ReadAsync(string stream, CancellationToken cancellationToken)
    {
        if (flows.Named(stream) is not StreamDefinition { Source: var source } definition)
            return [];

        var log = services.LogOf(source);
        if (await WithinAsync(token => log.DescribeTopicAsync(source.Topic, token), cancellationToken) is not { } topic)
            return [];

        return await WithSinksAsync(definition, async sinks =>
        {
            var states = await Task.WhenAll(sinks.Select(sink => StateAsync(sink, topic, cancellationToken)));
            return topic.Partitions.Select(p => new StreamPartition(
                p.Partition, p.Earliest.Value, p.Next.Value, [.. states.Select(state => Position(source, p, state))])).ToList();
        });
    }

    /// <summary>What moving every sink's checkpoint would do. Going back in a table that appends or sums is refused.</summary>
    public async Task<PositionPlan> PlanAsync(string stream, PositionRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var definition = FindReader(stream);
        var source = definition.Source;
        var log = services.LogOf(source);
        var topic = await PartitionChoice.RequireAsync(log, source.Topic, request.Partition, cancellationToken);
        return await WithSinksAsync(definition, async sinks =>
        {
            var held = await StreamSession.HeldAsync(sinks, topic, cancellationToken);
            List<PositionMove> moves = [];
            foreach (var partition in PartitionChoice.Of(topic, request.Partition))
            {
                for (var i = 0; i < sinks.Count; i++)
                {
                    var from = Held(held[i], source.Topic, partition.Partition);
                    var start = Start(source, partition);
                    var to = await request.Target.ResolveAsync(
                        log, source.Topic, partition, new LogOffset(from ?? start), cancellationToken);
                    moves.Add(PositionMove.Of(sinks[i].Name, source.Topic, partition.Partition, from, start, to.Value));
                }
            }

            return new PositionPlan(stream, moves, Warnings(definition, moves), Refusal(definition, moves));
        });
    }

    /// <summary>Carries a plan out, as one transaction a sink, with the stream's session down; the stream stays paused.</summary>
    public async Task ApplyAsync(PositionPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        var definition = FindReader(plan.Name);
        if (plan.Refusal is { } refusal)
            throw new TidemillException(ErrorCode.InvalidRequest, refusal);

        await supervisor.WhileStoppedAsync(plan.Name, token => WithSinksAsync(definition, async sinks =>
        {
            foreach (var sink in sinks)
                await sink.MovePositionsAsync([.. plan.Moves.Where(m => m.Sink == sink.Name).Select(Range)], token);

            return true;
        }), cancellationToken);
    }

    private static OffsetRange Range(PositionMove move) => new(
        new TopicPartition(move.Topic, move.Partition), new LogOffset(move.From ?? move.To), new LogOffset(move.To));

    private static long Start(TopicSourceDefinition source, PartitionDescription partition) =>
        source.Start == StartPosition.Earliest ? partition.Earliest.Value : partition.Next.Value;

    private static long? Held(IReadOnlyDictionary<TopicPartition, LogOffset> positions, string topic, int partition) =>
        positions.TryGetValue(new TopicPartition(topic, partition), out var offset) ? offset.Value : null;

    private static SinkPosition Position(TopicSourceDefinition source, PartitionDescription partition, SinkState state)
    {
        if (state.Positions is not { } positions)
            return new SinkPosition(state.Sink, null, null, state.Error);

        var held = Held(positions, source.Topic, partition.Partition);
        return new SinkPosition(state.Sink, held, Math.Max(0, partition.Next.Value - (held ?? Start(source, partition))));
    }

    private async Task<SinkState> StateAsync(ISink sink, TopicDescription topic, CancellationToken cancellationToken)
    {
        try
        {
            var held = await WithinAsync(token => sink.ReadPositionsAsync(topic.TopicPartitions(), token), cancellationToken);
            return new SinkState(sink.Name, held, null);
        }
        catch (TidemillException error)
        {
            return new SinkState(sink.Name, null, error.Message);
        }
    }

    private async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(ReadTimeout, services.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await work(either.Token);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TidemillException(ErrorCode.TimedOut, $"No answer within {ReadTimeout.TotalSeconds} s.", error);
        }
    }

    private List<string> Warnings(StreamDefinition stream, List<PositionMove> moves)
    {
        List<string> warnings = [];
        if (moves.Sum(m => m.Skipped) is var skipped and > 0)
            warnings.Add($"{skipped} records are left out for good unless the positions are moved back.");

        if (moves.Any(m => m.Repeated > 0) && stream.Deduplicate.Count > 0)
            warnings.Add("The stream deduplicates: records that it has taken before are left out again, so their rows stay as they are.");

        if (supervisor.Status(stream.Name) is { State: not Status.StreamState.Paused })
            warnings.Add("Pause the stream before the positions are set.");

        return warnings;
    }

    private static string? Refusal(StreamDefinition stream, List<PositionMove> moves)
    {
        var sinks = stream.Sinks.Select(sink => (sink.Name, Traits: sink.Traits(stream, columns: null))).ToList();
        if (sinks.FirstOrDefault(s => !s.Traits.Movable).Name is { } fixedSink)
            return $"Sink {fixedSink} keeps its position with what it writes; it cannot be moved.";

        var doubling = sinks.FirstOrDefault(
            s => s.Traits.Repeat != RepeatRule.ByKey && moves.Any(m => m.Sink == s.Name && m.Repeated > 0)).Name;
        return doubling is not null && stream.Deduplicate.Count == 0
            ? $"Going back would write rows of sink {doubling} a second time. `tidemill replay --stream {stream.Name}` reads records "
            + "again without doubling rows."
            : null;
    }

    private Task<T> WithSinksAsync<T>(StreamDefinition stream, Func<IReadOnlyList<ISink>, Task<T>> work) =>
        StreamSession.WithSinksAsync(services, stream, work);

    private StreamDefinition FindReader(string name) => flows.ReaderNamed(name, " and has no positions.");

    /// <summary>What a sink holds, or why that is not known.</summary>
    private sealed record SinkState(string Sink, IReadOnlyDictionary<TopicPartition, LogOffset>? Positions, string? Error);
}
