using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Sinks;

namespace Tidemill.Streaming.Verification;

/// <summary>
/// Proves that every acknowledged record up to a sink's checkpoint is in the sink exactly once or in dead letters:
/// reads the topic again, works the rows out anew and compares them with the table, the documents or the topic. Names what is not.
/// For true results nothing else writes to the target, and the SQL gives the same rows each time (no now(), no random()).
/// </summary>
public sealed class StreamVerifier(StreamServices services, IReadOnlyList<StreamDefinition> streams)
{
    private const int MostFindings = 50;

    /// <summary>One report a table, index or topic fed from a topic; null checks all streams.</summary>
    public async Task<IReadOnlyList<VerifyReport>> VerifyAsync(string? stream, CancellationToken cancellationToken)
    {
        var reports = new List<VerifyReport>();
        foreach (var declared in stream is null ? streams : [streams.ReaderNamed(stream)])
        {
            var definition = await EvolvedSchema.ResolveAsync(services.Warehouse, declared, cancellationToken);
            foreach (var sink in definition.Sinks)
            {
                if (await VerifyAsync(definition, sink, cancellationToken) is { } report)
                    reports.Add(report);
            }
        }

        return reports;
    }

    /// <summary>Null when the sink's rows cannot be read back.</summary>
    private async Task<VerifyReport?> VerifyAsync(StreamDefinition stream, SinkDefinition sink, CancellationToken cancellationToken) =>
        sink.Output switch
        {
            TableOutput table => await VerifyAsync(stream, sink, table.Write, cancellationToken),
            TopicOutput topic => Noted(
                await new TopicVerification(
                    services, stream, sink, topic, Others(stream, sink).Count > 0,
                    () => LettersAsync(stream.Name, sink.Name, cancellationToken)).VerifyAsync(cancellationToken),
                Others(stream, sink), RowOwner.Anybody),
            DocumentOutput => await VerifyDocumentsAsync(stream, sink, cancellationToken),
            _ => null,
        };

    private async Task<VerifyReport> VerifyAsync(
        StreamDefinition stream, SinkDefinition sink, TableWrite write, CancellationToken cancellationToken)
    {
        using var expected = new ExpectedRows(stream);
        var (found, checkpoints) = await ActualRows.LoadAsync(
            services.Warehouse, new CheckpointOwner(stream.Name, sink.Name), write.Table, expected, cancellationToken);
        var (topic, reading) = await ReadDueAsync(stream, sink.Name, expected, checkpoints, cancellationToken);
        expected.Complete();
        JsonSpelling.Unify(expected);
        var others = Others(stream, sink);
        var owner = others.Count == 0 ? RowOwner.Sink
            : sink.Traits(stream, expected.Columns).Repeat == RepeatRule.ByPosition
                && others.All(o => o.Stream.Source.Topic != stream.Source.Topic) ? RowOwner.Known
            : RowOwner.Anybody;
        var complete = IsComplete(stream, topic) && owner == RowOwner.Sink;
        var compared = new RowComparison(expected, write, complete, owner).Compare();
        var report = Report(stream, write.Table.ToString(), topic, checkpoints, reading, found, compared);
        return Noted(report, others, owner);
    }

    private IReadOnlyList<TargetWriter> Others(StreamDefinition stream, SinkDefinition sink) =>
        SharedTargets.Others(streams, services.Warehouse, stream, sink);

    private static VerifyReport Noted(VerifyReport report, IReadOnlyList<TargetWriter> others, RowOwner owner)
    {
        if (others.Count == 0)
            return report;

        var what = owner == RowOwner.Known
            ? "rows of other records than the stream's own are not looked at"
            : "only lost rows can be found, for the others may be theirs";
        return report with { Notes = [$"also written by {string.Join(" and by ", others)}: {what}"] };
    }

    private async Task<VerifyReport> VerifyDocumentsAsync(
        StreamDefinition stream, SinkDefinition definition, CancellationToken cancellationToken)
    {
        await using var sink = (IDocumentSink)services.OpenSink(stream, definition);
        var checkpoints = await sink.ReadPositionsAsync(
            (await TopicAsync(stream.Source, cancellationToken)).TopicPartitions(), cancellationToken);
        using var expected = new ExpectedRows(stream);
        var (topic, reading) = await ReadDueAsync(stream, definition.Name, expected, checkpoints, cancellationToken);
        var due = reading.Runs;
        var log = services.LogOf(stream.Source);
        var later = new TopicReading(expected, await LettersAsync(stream.Name, definition.Name, cancellationToken), due);
        foreach (var partition in topic.Partitions)
        {
            var at = new TopicPartition(topic.Name, partition.Partition);
            await ReadAsync(
                log, later, new OffsetRange(at, checkpoints.GetValueOrDefault(at, partition.Earliest), partition.Next), cancellationToken);
        }

        expected.Complete();
        var traits = definition.Traits(stream, expected.Columns);
        var others = Others(stream, definition);
        var comparison = new DocumentComparison(expected, sink, traits, due, IsComplete(stream, topic), others.Count > 0);
        var found = await comparison.LoadAsync(cancellationToken);
        var report = Report(stream, definition.Description, topic, checkpoints, reading, found, comparison.Compare());
        return Noted(report, others, RowOwner.Anybody);
    }

    /// <summary>Reads the records up to the checkpoint, and what replayed dead letters gave.</summary>
    private async Task<(TopicDescription Topic, TopicReading Reading)> ReadDueAsync(
        StreamDefinition stream, string sink,
        ExpectedRows expected, IReadOnlyDictionary<TopicPartition, LogOffset> checkpoints, CancellationToken cancellationToken)
    {
        var source = stream.Source;
        var topic = await TopicAsync(source, cancellationToken);
        var reading = new TopicReading(expected, await LettersAsync(stream.Name, sink, cancellationToken));
        foreach (var partition in topic.Partitions)
        {
            var at = new TopicPartition(topic.Name, partition.Partition);
            var end = checkpoints.GetValueOrDefault(at, partition.Earliest);
            await ReadAsync(services.LogOf(source), reading, new OffsetRange(at, partition.Earliest, end), cancellationToken);
        }

        await reading.AddReplayedAsync(cancellationToken);
        return (topic, reading);
    }

    private async Task<TopicDescription> TopicAsync(TopicSourceDefinition source, CancellationToken cancellationToken) =>
        await services.LogOf(source).DescribeTopicAsync(source.Topic, cancellationToken)
        ?? throw new TidemillException(ErrorCode.NotFound, $"Topic {source.Topic} does not exist.");

    private static bool IsComplete(StreamDefinition stream, TopicDescription topic) =>
        topic.Partitions.All(p => p.Earliest == LogOffset.Zero) && stream.Source.Start == StartPosition.Earliest;

    private static VerifyReport Report(
        StreamDefinition stream, string target, TopicDescription topic, IReadOnlyDictionary<TopicPartition, LogOffset> checkpoints,
        TopicReading reading, long found, ComparedRows compared) => new()
        {
            Stream = stream.Name,
            Table = target,
            Records = reading.Records,
            DeadLetters = reading.DeadLetters,
            Pending = topic.Partitions.Sum(p =>
                p.Next.Value - checkpoints.GetValueOrDefault(new TopicPartition(topic.Name, p.Partition), p.Earliest).Value),
            Expired = topic.Partitions.Sum(p => p.Earliest.Value),
            RowsExpected = reading.Rows,
            RowsFound = found,
            Lost = compared.Lost + reading.Missing.Count,
            Doubled = compared.Doubled,
            Altered = compared.Altered,
            Findings = Findings(reading, compared),
        };

    /// <summary>The letters of records whose rows the sink lacks, or holds as they were replayed.</summary>
    private async Task<LetterIndex> LettersAsync(string stream, string sink, CancellationToken cancellationToken)
    {
        using var all = new StreamDeadLetters(services.Warehouse, services.Log, streams);
        return (await all.IndexAsync(stream, cancellationToken)).For(sink);
    }

    private static Task ReadAsync(ILog log, TopicReading reading, OffsetRange range, CancellationToken cancellationToken) =>
        PartitionReading.ReadAsync(log, range, run => reading.Add(run, range.End, cancellationToken), cancellationToken);

    internal static List<string> Findings(TopicReading reading, ComparedRows compared)
    {
        var findings = reading.Missing.Take(MostFindings)
            .Select(m => $"lost: {m} does not decode and is not in dead letters").ToList();
        findings.AddRange(compared.LostRuns.Take(MostFindings).Select(run => reading.Describe(run)));
        if (compared.Doubled > 0)
            findings.Add($"doubled: {compared.Doubled} rows stand more often than their records say");

        if (compared.Altered > 0)
            findings.Add($"altered: {compared.Altered} rows are not what their records give");

        return findings;
    }
}
