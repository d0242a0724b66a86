using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Streams;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Pipeline;

/// <summary>One run of a stream from opening its sinks to the first failure or the stop; everything is built anew after a
/// failure.</summary>
internal sealed class StreamSession(StreamServices services, DriftGuard drift, StreamMetrics metrics, PauseGate gate)
{
    private static readonly TimeSpan LagInterval = TimeSpan.FromSeconds(1);

    /// <summary>Runs until stopped; begins anew by itself where the records ask for another schema. SchemaDrift when the
    /// stream's policy is to halt.</summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        DriftVerdict? verdict;
        do
        {
            await drift.LoadAsync(abort);
            verdict = await RunAsync(drift.Current, stop, abort);
            if (verdict?.Error is { } error)
                throw error;
        }
        while (verdict is not null && !stop.IsCancellationRequested);
    }

    private async Task<DriftVerdict?> RunAsync(StreamDefinition stream, CancellationToken stop, CancellationToken abort)
    {
        using var rows = new RowMaker(stream);
        var sinks = Sinks(services, stream);
        try
        {
            await OpenAsync(sinks, rows, abort);
            return await RunPastGapsAsync(stream, sinks, rows, stop, abort);
        }
        finally
        {
            foreach (var sink in sinks)
                await sink.DisposeAsync();
        }
    }

    internal static List<ISink> Sinks(StreamServices services, StreamDefinition stream) =>
        [.. stream.Sinks.Select(sink => services.OpenSink(stream, sink))];

    /// <summary>Looks at a stream's sinks, which are not opened for writing, and lets them go.</summary>
    internal static async Task<T> WithSinksAsync<T>(
        StreamServices services, StreamDefinition stream, Func<IReadOnlyList<ISink>, Task<T>> work)
    {
        var sinks = Sinks(services, stream);
        try
        {
            return await work(sinks);
        }
        finally
        {
            foreach (var sink in sinks)
                await sink.DisposeAsync();
        }
    }

    /// <summary>Each sink's checkpoints, in the order of the sinks.</summary>
    internal static async Task<List<IReadOnlyDictionary<TopicPartition, LogOffset>>> HeldAsync(
        IReadOnlyList<ISink> sinks, TopicDescription topic, CancellationToken cancellationToken)
    {
        List<IReadOnlyDictionary<TopicPartition, LogOffset>> held = [];
        foreach (var sink in sinks)
            held.Add(await sink.ReadPositionsAsync(topic.TopicPartitions(), cancellationToken));

        return held;
    }

    internal static async Task OpenAsync(IReadOnlyList<ISink> sinks, RowMaker rows, CancellationToken cancellationToken)
    {
        foreach (var sink in sinks)
        {
            await sink.OpenAsync(rows.Output, cancellationToken);
            if (rows.Keys is { } keys && sink is ITableSink table)
                await table.OpenSeenKeysAsync(keys, cancellationToken);
        }
    }

    /// <summary>Where the log deleted records before they were read, and the source says to go on, partitions are assigned anew.</summary>
    private async Task<DriftVerdict?> RunPastGapsAsync(
        StreamDefinition stream, List<ISink> sinks, RowMaker rows, CancellationToken stop, CancellationToken abort)
    {
        while (true)
        {
            try
            {
                return await RunAsync(stream, sinks, rows, stop, abort);
            }
            catch (TidemillException error) when (error.Code == ErrorCode.OffsetOutOfRange
                && stream.Source.OnOutOfRange != OutOfRangePolicy.Halt)
            {
                metrics.Retrying(error);
            }
        }
    }

    private async Task<DriftVerdict?> RunAsync(
        StreamDefinition stream, List<ISink> sinks, RowMaker rows, CancellationToken stop, CancellationToken abort)
    {
        var source = stream.Source;
        var positions = new SinkPositions();
        StreamPipeline? pipeline = null;
        var log = services.LogOf(source);
        var listener = new PartitionPositions(
            log, source, sinks, positions, rows.Output, token => pipeline?.DrainAsync(token) ?? Task.CompletedTask);
        await using var consumer = log.CreateConsumer(new ConsumerOptions
        {
            Group = $"tidemill.{services.Project}.{stream.Name}",
            Topics = [source.Topic],
            Listener = listener,
            Start = source.Start,
            MaxPollRecords = Math.Min(16_384, stream.Batch.MaxRecords),
            MaxPollBytes = (int)Math.Min(4 << 20, stream.Batch.MaxBytes),
        });
        await using var letterTopic = stream.DeadLetterTopic is { } letters ? new DeadLetterProducer(services.Log, letters) : null;
        using var writer = new BatchWriter(
            stream.Name, sinks, positions, rows, () => new RowMaker(stream),
            letterTopic is null ? new DeadLetterStore(services.Warehouse) : letterTopic, metrics, services.Time);
        pipeline = new StreamPipeline(
            new BatchCollector(
                consumer, positions, stream.Batch, services.Time, stream.Sinks.Any(s => s.Traits(stream, columns: null).OnePartition)),
            rows, writer, drift, metrics, services.Time, gate, stream.Batch.MaxBytes);
        metrics.State = gate.IsClosed ? StreamState.Paused : StreamState.Running;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop, abort);
        var lag = WatchLagAsync(source, sinks, consumer, ended.Token);
        try
        {
            await pipeline.RunAsync(stop, abort);
        }
        finally
        {
            await ended.CancelAsync();
            await lag;
        }

        await ReportPositionsAsync(source, sinks, consumer, abort);
        return pipeline.Verdict;
    }

    /// <summary>
    /// Lag is what the slowest sink does not hold yet, read from the sinks' checkpoints as another process would. The log's
    /// group is told the same, for tools that look there.
    /// </summary>
    private async Task WatchLagAsync(
        TopicSourceDefinition source, List<ISink> sinks, ILogConsumer consumer, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LagInterval, services.Time);
        try
        {
            do
                await ReportPositionsAsync(source, sinks, consumer, cancellationToken);
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException)
        {
            // The session ends.
        }
    }

    private async Task ReportPositionsAsync(
        TopicSourceDefinition source, List<ISink> sinks, ILogConsumer consumer, CancellationToken cancellationToken)
    {
        try
        {
            if (await services.LogOf(source).DescribeTopicAsync(source.Topic, cancellationToken) is not { } topic)
            {
                metrics.Lag = 0;
                return;
            }

            var held = await HeldByAllAsync(topic, source.Start, sinks, cancellationToken);
            metrics.Lag = topic.Partitions.Sum(p => Math.Max(0, p.Next.Value - held[p.Partition].Offset.Value));
            await consumer.CommitAsync(held, cancellationToken);
        }
        catch (TidemillException)
        {
            // The stages meet the same outage and report it; the last known lag stands until then.
        }
    }

    /// <summary>By partition, how far every sink has come: the least of their checkpoints.</summary>
    private static async Task<IReadOnlyList<RecordPosition>> HeldByAllAsync(
        TopicDescription topic, StartPosition start, List<ISink> sinks, CancellationToken cancellationToken)
    {
        var checkpoints = await HeldAsync(sinks, topic, cancellationToken);
        return [.. topic.Partitions.Select(p =>
        {
            var partition = new TopicPartition(topic.Name, p.Partition);
            var first = start == StartPosition.Earliest ? p.Earliest : p.Next;
            return new RecordPosition(partition, checkpoints.Min(held => held.GetValueOrDefault(partition, first)));
        })];
    }
}
