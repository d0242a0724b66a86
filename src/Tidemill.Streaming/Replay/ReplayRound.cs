using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Replay;

/// <summary>The stages of a stream, one behind the other, over sinks that take rows again; for one schema.</summary>
internal sealed class ReplayRound : IAsyncDisposable
{
    private readonly RowMaker _rows;
    private readonly List<ReplayTarget> _targets;
    private readonly IWarehouseWriter _writer;
    private readonly DeadLetterProducer? _letterTopic;
    private readonly BatchWriter _batches;

    private ReplayRound(
        StreamServices services,
        StreamDefinition stream, RowMaker rows, List<ReplayTarget> targets, IWarehouseWriter writer, StreamMetrics metrics)
    {
        (_rows, _targets, _writer) = (rows, targets, writer);
        _letterTopic = stream.DeadLetterTopic is { } topic ? new DeadLetterProducer(services.Log, topic) : null;
        IDeadLetterTarget letters = _letterTopic is null ? new DeadLetterStore(services.Warehouse) : _letterTopic;
        _batches = new BatchWriter(
            stream.Name, targets, new SinkPositions(), rows, () => new RowMaker(stream), letters, metrics, services.Time);
    }

    public static async Task<ReplayRound> OpenAsync(
        StreamServices services, StreamDefinition stream, ReplayPlan plan, StreamMetrics metrics, CancellationToken cancellationToken)
    {
        var writer = await services.Warehouse.OpenWriterAsync(cancellationToken);
        var rows = new RowMaker(stream);
        var sinks = StreamSession.Sinks(services, stream);
        var targets = sinks.Zip(plan.Sinks, stream.Sinks).Select(s => new ReplayTarget(
            s.First, (s.Third.Output as TableOutput)?.Table, s.Second.Method, writer)).ToList();
        var round = new ReplayRound(services, stream, rows, targets, writer, metrics);
        try
        {
            await StreamSession.OpenAsync(sinks, rows, cancellationToken);
            return round;
        }
        catch
        {
            await round.DisposeAsync();
            throw;
        }
    }

    /// <summary>Writes the batches and returns the offset behind the last one written: the end, or where another schema is
    /// needed.</summary>
    public async Task<LogOffset> RunAsync(
        IAsyncEnumerable<MicroBatch> batches, LogOffset next, DriftGuard drift, CancellationToken cancellationToken)
    {
        await foreach (var batch in batches)
        {
            using (batch)
            {
                batch.Decoded = _rows.Decode(batch.Records, cancellationToken);
                var verdict = await drift.InspectAsync(batch, _rows, cancellationToken);
                if (verdict.Error is { } error)
                    throw error;

                if (verdict.Action != DriftAction.Continue)
                    return next;

                _rows.Transform(batch);
                await _batches.WriteAsync(batch, cancellationToken);
                if (!batch.IsFollowed) next = batch.Ranges[0].End;
            }
        }

        return next;
    }

    public async ValueTask DisposeAsync()
    {
        _batches.Dispose();
        foreach (var target in _targets)
            await target.DisposeAsync();

        await _writer.DisposeAsync();
        if (_letterTopic is not null)
            await _letterTopic.DisposeAsync();

        _rows.Dispose();
    }
}
