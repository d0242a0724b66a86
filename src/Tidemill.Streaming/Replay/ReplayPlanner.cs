using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Streaming.Replay;

/// <summary>Works out what a replay reads and how each sink takes it.</summary>
internal sealed class ReplayPlanner(StreamServices services, IReadOnlyList<StreamDefinition> streams, StreamDeadLetters letters)
{
    public async Task<ReplayPlan> PlanAsync(RangeReplayRequest request, StreamDefinition stream, CancellationToken cancellationToken)
    {
        var source = stream.Source;
        var topic = await services.LogOf(source).DescribeTopicAsync(source.Topic, cancellationToken)
            ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {source.Topic} does not exist.");
        if (request.Partition is { } one && topic.Partitions.All(p => p.Partition != one))
            throw new TidemillException(ErrorCode.NotFound, $"Topic {topic.Name} has no partition {one}.");

        using var rows = new RowMaker(stream);
        List<string> columns = [.. rows.Output.Fields.Select(f => f.Name)];
        var traits = stream.Sinks.Select(sink => sink.Traits(stream, columns)).ToList();
        List<ReplaySink> sinks = [.. stream.Sinks.Zip(traits).Select(s => Sink(stream, s.First, s.Second, request.Rebuild))];
        var (notes, refusals) = (new List<string>(), new List<string>());
        refusals.AddRange(sinks.Zip(traits).Where(s => s.First.Method == ReplayMethod.Refused).Select(s => Refusal(s.First, s.Second)));
        refusals.AddRange(request.Rebuild ? stream.Sinks.SelectMany(sink => SharedBy(stream, sink)) : []);
        var ranges = request.Rebuild
            ? Whole(request, topic, refusals)
            : await RangesAsync(request, stream, topic, notes, cancellationToken);
        if (!request.Rebuild && request.To is not null)
        {
            notes.AddRange(stream.Sinks.Zip(traits).Where(s => s.Second.SetsBack).Select(s =>
                $"Sink {s.First.Name}: {(IsTable(s.First) ? "upsert: a key" : "an id")} with newer records behind the range is set "
                    + "back to what the range says; leave --to out to run up to where the sink stands."));
        }

        var marks = (await letters.IndexAsync(stream.Name, cancellationToken)).Marks;
        if (request.Rebuild && marks.Count(m => m.IsEdited) is > 0 and var edited)
        {
            notes.Add($"{edited} dead letters have an edited value, which is lost: keep it with `tidemill dead-letters list --status "
                + $"all --json`.");
        }

        if (request.Rebuild && stream.DeadLetterTopic is { } letterTopic)
            notes.Add($"Letters in topic {letterTopic} stay there, also those of records that are taken this time.");

        return new ReplayPlan
        {
            Stream = stream.Name,
            Topic = topic.Name,
            Rebuild = request.Rebuild,
            Ranges = ranges,
            Sinks = sinks,
            Notes = notes,
            Refusals = refusals,
            DeadLetters = marks.Count(m => request.Rebuild || IsReplayed(m, ranges)),
        };
    }

    /// <summary>True for open letters of the ranges.</summary>
    public static bool IsReplayed(LetterMark letter, IReadOnlyList<OffsetRange> ranges) =>
        letter is { Status.Known: DeadLetterStatus.Open, Position: var position }
        && ranges.Any(r => r.Partition == position.Partition && r.Start <= position.Offset && position.Offset < r.End);

    private static ReplaySink Sink(StreamDefinition stream, SinkDefinition sink, SinkTraits traits, bool rebuild) =>
        new(sink.Name, sink.Description, Method(stream, IsTable(sink), traits, rebuild));

    private static bool IsTable(SinkDefinition sink) => sink.Output is TableOutput;

    private static ReplayMethod Method(StreamDefinition stream, bool isTable, SinkTraits traits, bool rebuild) => traits.Repeat switch
    {
        _ when rebuild => isTable ? ReplayMethod.Rebuild : ReplayMethod.Refused,
        _ when stream.Deduplicate.Count > 0 && isTable => ReplayMethod.Deduplicated,
        RepeatRule.ByKey => isTable ? ReplayMethod.ByKey : ReplayMethod.ById,
        RepeatRule.ByPosition => ReplayMethod.DeleteAndInsert,
        _ => ReplayMethod.Refused,
    };

    private static string Refusal(ReplaySink sink, SinkTraits traits) => traits.Repeat == RepeatRule.Doubles
        ? $"Sink {sink.Name}: {traits.RepeatRefusal}"
        : $"Sink {sink.Name}: only tables are rebuilt here. Delete its target and run the stream under another sink name.";

    private IEnumerable<string> SharedBy(StreamDefinition stream, SinkDefinition sink) =>
        SharedTargets.Others(streams, services.Warehouse, stream, sink).Where(other => other.Stream.Name != stream.Name).Select(other =>
            $"Sink {sink.Name}: stream {other.Stream.Name} writes its table, too, and would lose its rows there.");

    private static List<OffsetRange> Whole(RangeReplayRequest request, TopicDescription topic, List<string> refusals)
    {
        if (request.From is not null || request.To is not null || request.Partition is not null)
            refusals.Add("A rebuild reads everything: leave --from, --to and --partition out.");

        if (topic.Partitions.Sum(p => p.Earliest.Value) is > 0 and var gone)
            refusals.Add($"{gone} records of topic {topic.Name} were deleted by retention; a rebuild would lose their rows.");

        return [.. topic.Partitions.Select(p => new OffsetRange(new TopicPartition(topic.Name, p.Partition), p.Earliest, p.Next))
            .Where(r => r.Count > 0)];
    }

    /// <summary>What lies between the bounds, is still in the log and is held by every sink: what is not will be read anyway.</summary>
    private async Task<List<OffsetRange>> RangesAsync(
        RangeReplayRequest request,
        StreamDefinition stream, TopicDescription topic, List<string> notes, CancellationToken cancellationToken)
    {
        var held = await StreamSession.WithSinksAsync(
            services, stream, sinks => StreamSession.HeldAsync(sinks, topic, cancellationToken));
        var log = services.LogOf(stream.Source);
        var ranges = new List<OffsetRange>();
        foreach (var partition in topic.Partitions.Where(p => request.Partition is null || p.Partition == request.Partition))
        {
            var at = new TopicPartition(topic.Name, partition.Partition);
            var first = await OffsetAsync(log, at, request.From, partition.Earliest, cancellationToken);
            var end = await OffsetAsync(log, at, request.To, partition.Next, cancellationToken);
            var behind = held.Min(h => h.GetValueOrDefault(at, partition.Earliest).Value);
            if (first < partition.Earliest)
                notes.Add($"{at}: offsets before {partition.Earliest} were deleted by retention.");

            var range = new OffsetRange(
                at, new LogOffset(Math.Max(first.Value, partition.Earliest.Value)),
                new LogOffset(Math.Min(Math.Min(end.Value, behind), partition.Next.Value)));
            if (range.Count > 0)
                ranges.Add(range);
        }

        return ranges;
    }

    private static async Task<LogOffset> OffsetAsync(
        ILog log, TopicPartition at, ReplayBound? bound, LogOffset open, CancellationToken cancellationToken) =>
        bound switch
        {
            null => open,
            { Offset: { } offset } => offset,
            { Time: { } time } => await log.FindOffsetAsync(at, time, cancellationToken),
            _ => open,
        };
}
