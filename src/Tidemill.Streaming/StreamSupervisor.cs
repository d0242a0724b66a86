using Microsoft.Extensions.Logging;
using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Core.Streams;
using Tidemill.Streaming.Drift;
using Tidemill.Streaming.Pipeline;
using Tidemill.Streaming.Sources;
using Tidemill.Streaming.Status;

namespace Tidemill.Streaming;

/// <summary>
/// Runs a project's streams, each by itself: a stream that fails is started again from its sinks' checkpoints, after a
/// growing wait for errors that pass, after half a minute for errors that need somebody.
/// </summary>
public sealed partial class StreamSupervisor
{
    private static readonly TimeSpan FirstWait = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);

    private readonly StreamServices _services;
    private readonly ILogger _logger;
    private readonly Dictionary<string, SupervisedStream> _streams;

    public StreamSupervisor(StreamServices services, IReadOnlyList<FlowDefinition> flows)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(flows);
        _services = services;
        _logger = services.Loggers.CreateLogger<StreamSupervisor>();
        _streams = flows.Where(f => f.Enabled).ToDictionary(f => f.Name, Supervise, StringComparer.Ordinal);
    }

    /// <summary>A snapshot of every enabled stream, in the project's order.</summary>
    public IReadOnlyList<StreamStatus> Status() => [.. _streams.Values.Select(s => s.Metrics.Snapshot())];

    /// <summary>A snapshot of one stream; null when it does not run here.</summary>
    public StreamStatus? Status(string stream) => _streams.GetValueOrDefault(stream)?.Metrics.Snapshot();

    /// <summary>Holds the stream's reading; what is under way is written. NotFound for an unknown name.</summary>
    public void Pause(string stream)
    {
        var supervised = Find(stream);
        supervised.Gate.Close();
        supervised.Metrics.State = StreamState.Paused;
    }

    /// <summary>Lets a paused stream read on.</summary>
    public void Resume(string stream)
    {
        var supervised = Find(stream);
        supervised.Metrics.State = StreamState.Running;
        supervised.Gate.Open();
    }

    /// <summary>
    /// Does work while no session of this process runs the stream: what was under way is written first, and the stream goes
    /// on from its sinks' checkpoints afterwards.
    /// </summary>
    public Task RunExclusiveAsync(string stream, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        return _streams.GetValueOrDefault(stream) is { } supervised
            ? supervised.Session.RunExclusiveAsync(work, cancellationToken)
            : work(cancellationToken);
    }

    /// <summary>
    /// Does work on a paused stream's checkpoints while no session of this process holds positions of them; what was under
    /// way is written first. InvalidRequest while the stream is not paused.
    /// </summary>
    public async Task WhileStoppedAsync(string stream, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        if (_streams.GetValueOrDefault(stream) is not { } supervised)
        {
            await work(cancellationToken);
            return;
        }

        if (!supervised.Gate.IsClosed)
        {
            throw new TidemillException(
                ErrorCode.InvalidRequest, $"Stream {stream} is running. Pause it first; it stays paused until it is resumed.");
        }

        await supervised.Session.RunExclusiveAsync(work, cancellationToken);
    }

    /// <summary>Runs all streams until cancelled, then lets batches under way finish for at most ten seconds.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var abort = new CancellationTokenSource();
        await using var stopping = cancellationToken.Register(() => abort.CancelAfter(StopGrace));
        await Task.WhenAll(_streams.Values.Select(s => RunAsync(s, cancellationToken, abort.Token)));
    }

    private SupervisedStream Supervise(FlowDefinition flow)
    {
        var (gate, session) = (new PauseGate(), new SessionSlot());
        if (flow is PumpDefinition pump)
        {
            var route = $"{pump.Source.Description} -> topic {pump.Topic}";
            var pumped = new StreamMetrics(pump.Name, route, _services.Time) { IsPump = true };
            return new SupervisedStream(pump.Name, pumped, gate, session, (stop, _) => RunPumpAsync(pump, pumped, gate, stop));
        }

        var stream = (StreamDefinition)flow;
        var sinks = string.Join(", ", stream.Sinks.Select(sink => sink.Description));
        var metrics = new StreamMetrics(stream.Name, $"topic {stream.Source.Topic} -> {sinks}", _services.Time);
        var drift = new DriftGuard(_services, stream);
        return new SupervisedStream(stream.Name, metrics, gate, session, (stop, abort) => session.RunAsync(
            end => new StreamSession(_services, drift, metrics, gate).RunAsync(end, abort), stop));
    }

    /// <summary>False: a pump that ends has nothing left to do.</summary>
    private async Task<bool> RunPumpAsync(PumpDefinition pump, StreamMetrics metrics, PauseGate gate, CancellationToken stop)
    {
        await using var source = _services.OpenSource(pump);
        await (source switch
        {
            INumberedSource numbered => new NumberedPump(_services, numbered, pump.Topic, metrics, gate).RunAsync(stop),
            ISource pages => new SourcePump(_services, pages, pump.Topic, metrics, gate).RunAsync(stop),
            _ => throw new InvalidOperationException($"{source.GetType().Name} is no source that a pump can read."),
        });
        return false;
    }

    private async Task RunAsync(SupervisedStream stream, CancellationToken stop, CancellationToken abort)
    {
        var wait = FirstWait;
        while (!stop.IsCancellationRequested)
        {
            var started = _services.Time.GetTimestamp();
            try
            {
                await stream.Gate.OpenAsync(stop);
                if (!await stream.Run(stop, abort))
                    break;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
#pragma warning disable CA1031 // One stream's failure, whatever it is, is its own: it is reported and the others run on.
            catch (Exception error)
#pragma warning restore CA1031
            {
                wait = _services.Time.GetElapsedTime(started) > LongestWait ? FirstWait : wait;
                wait = Report(stream, error) ? wait : LongestWait;
                await WaitAsync(wait, stop);
                wait = wait * 2 < LongestWait ? wait * 2 : LongestWait;
            }
        }

        stream.Metrics.State = StreamState.Stopped;
    }

    /// <summary>True when the error passes by itself.</summary>
    private bool Report(SupervisedStream stream, Exception error)
    {
        var transient = error is TidemillException { Rule.Retry: RetryRule.Backoff };
        stream.Metrics.Failed(error);
        stream.Metrics.State = transient ? StreamState.Waiting : StreamState.Failed;
        if (error is TidemillException known)
            StreamStopped(stream.Name, known.Code, known.Message);
        else
            StreamBroke(stream.Name, error);

        return transient;
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken stop)
    {
        try
        {
            await Task.Delay(wait, _services.Time, stop);
        }
        catch (OperationCanceledException)
        {
            // The loop ends at its own check.
        }
    }

    private SupervisedStream Find(string stream) => _streams.GetValueOrDefault(stream)
        ?? throw new TidemillException(ErrorCode.NotFound, $"There is no stream {stream}; streams are {string.Join(", ", _streams.Keys)}.");

    /// <param name="Run">Runs it once; true when it is to be run again at once.</param>
    private sealed record SupervisedStream(
        string Name,
        StreamMetrics Metrics, PauseGate Gate, SessionSlot Session, Func<CancellationToken, CancellationToken, Task<bool>> Run);
}
