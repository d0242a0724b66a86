using System.Threading.Channels;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming.Pipeline;

/// <summary>
/// The three stages of a running stream, side by side: collect and decode, transform, write. One batch may wait between
/// two stages, and reading waits while twice as many bytes as a full batch may have are under way: a slow sink holds it back.
/// </summary>
internal sealed class StreamPipeline(
    BatchCollector collector,
    RowMaker rows,
    BatchWriter writer,
    DriftGuard drift,
    StreamMetrics metrics,
    TimeProvider time,
    PauseGate gate,
    long maxBytes)
{
    private readonly Channel<MicroBatch> _decoded = Bounded();
    private readonly Channel<MicroBatch> _transformed = Bounded();
    private readonly InFlight _inFlight = new(2 * maxBytes);

    /// <summary>Why reading ended by itself: the records left the declared schema. Null while it goes on.</summary>
    public DriftVerdict? Verdict { get; private set; }

    /// <summary>
    /// Runs until <paramref name="stop"/> asks for a graceful end (batches under way are written) or a stage fails.
    /// <paramref name="abort"/> gives batches under way up; that loses nothing, they are read again.
    /// </summary>
    public async Task RunAsync(CancellationToken stop, CancellationToken abort)
    {
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(abort);
        using var collecting = CancellationTokenSource.CreateLinkedTokenSource(stop, failed.Token);
        var stages = new[]
        {
            GuardAsync(() => CollectAsync(collecting.Token), failed),
            GuardAsync(() => TransformAsync(failed.Token), failed),
            GuardAsync(() => WriteAsync(failed.Token), failed),
        };
        try
        {
            await Task.WhenAll(stages);
        }
        catch (Exception) when (stages.Select(FirstCause).FirstOrDefault(e => e is not null) is { } cause)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(cause);
        }
        finally
        {
            DisposeLeft(_decoded);
            DisposeLeft(_transformed);
            collector.Dispose();
        }
    }

    /// <summary>Completes when every batch handed out so far is written; called before partitions leave.</summary>
    public Task DrainAsync(CancellationToken cancellationToken) => _inFlight.WhenEmptyAsync(cancellationToken);

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (Verdict is null && !cancellationToken.IsCancellationRequested)
            {
                await gate.OpenAsync(cancellationToken);
                await _inFlight.WhenRoomAsync(cancellationToken);
                if (await CollectOneAsync(cancellationToken) is { } batch)
                    await HandOutAsync(batch, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // A graceful stop: what was handed out goes on through the other stages.
        }
        finally
        {
            _decoded.Writer.TryComplete();
        }
    }

    /// <summary>Hands the batch on, or as much of it as lies in front of a record at which the stream stops.</summary>
    private async Task HandOutAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        MicroBatch? goes = batch;
        try
        {
            // What came in while reading was being paused waits like what is still in the topic.
            await gate.OpenAsync(cancellationToken);
            var verdict = await drift.InspectAsync(batch, rows, cancellationToken);
            if (verdict.Action != DriftAction.Continue)
            {
                Verdict = verdict;
                goes = Front(batch, verdict, cancellationToken);
            }
        }
        catch
        {
            batch.Dispose();
            throw;
        }

        if (goes is null)
        {
            batch.Dispose();
            return;
        }

        _inFlight.Enter(goes.Bytes);
        await SendAsync(_decoded, goes, cancellationToken);
    }

    private MicroBatch? Front(MicroBatch batch, DriftVerdict verdict, CancellationToken cancellationToken)
    {
        if (verdict.Before == 0)
            return null;

        var half = BatchHalves.Split(batch, verdict.Before)[0];
        var front = new MicroBatch(half.Records) { Ranges = half.Ranges, Whole = batch };
        front.Decoded = rows.Decode(front.Records, cancellationToken);
        return front;
    }

    private async Task<MicroBatch?> CollectOneAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var batch = await collector.CollectAsync(cancellationToken);
        if (batch is null)
            return null;

        metrics.Stage(StageName.Collect, time.GetElapsedTime(started));
        started = time.GetTimestamp();
        try
        {
            batch.Decoded = rows.Decode(batch.Records, cancellationToken);
        }
        catch
        {
            batch.Dispose();
            throw;
        }

        metrics.Stage(StageName.Decode, time.GetElapsedTime(started));
        return batch;
    }

    private async Task TransformAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var batch in _decoded.Reader.ReadAllAsync(cancellationToken))
            {
                Transform(batch);
                await SendAsync(_transformed, batch, cancellationToken);
            }
        }
        finally
        {
            _transformed.Writer.TryComplete();
        }
    }

    private void Transform(MicroBatch batch)
    {
        if (rows.Deduplicates)
            return;

        var started = time.GetTimestamp();
        rows.Transform(batch);
        metrics.Stage(StageName.Transform, time.GetElapsedTime(started));
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        await foreach (var batch in _transformed.Reader.ReadAllAsync(cancellationToken))
        {
            var bytes = batch.Bytes;
            using (batch)
            {
                var started = time.GetTimestamp();
                await writer.WriteAsync(batch, cancellationToken);
                metrics.Stage(StageName.Write, time.GetElapsedTime(started));
            }

            _inFlight.Leave(bytes);
        }
    }

    /// <summary>A failing stage ends the others. The work runs on the pool: DuckDB's calls block their thread.</summary>
    private static async Task GuardAsync(Func<Task> stage, CancellationTokenSource failed)
    {
        try
        {
            await Task.Run(stage, CancellationToken.None);
        }
        catch
        {
            await failed.CancelAsync();
            throw;
        }
    }

    private static Exception? FirstCause(Task stage) =>
        stage.Exception?.InnerExceptions.FirstOrDefault(e => e is not (OperationCanceledException or ChannelClosedException));

    private static async ValueTask SendAsync(Channel<MicroBatch> channel, MicroBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            await channel.Writer.WriteAsync(batch, cancellationToken);
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private static void DisposeLeft(Channel<MicroBatch> channel)
    {
        while (channel.Reader.TryRead(out var batch))
            batch.Dispose();
    }

    private static Channel<MicroBatch> Bounded() => Channel.CreateBounded<MicroBatch>(
        new BoundedChannelOptions(1) { SingleReader = true, SingleWriter = true });
}
