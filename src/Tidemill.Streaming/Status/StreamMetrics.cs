using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Core.Telemetry;

namespace Tidemill.Streaming.Status;

/// <summary>A stream's counters and latencies, written by its stages and read by anyone.</summary>
internal sealed class StreamMetrics(string name, string route, TimeProvider time)
{
    private static readonly string[] StageNames = ["collect", "decode", "transform", "write"];

    private readonly LatencyWindow _commitLatency = new(time, 4096);
    private readonly LatencyWindow[] _stages = [.. StageNames.Select(_ => new LatencyWindow(time))];
    private readonly RateWindow _recordRate = new(time);
    private readonly RateWindow _byteRate = new(time);
    private long _records;
    private long _bytes;
    private long _batches;
    private long _rows;
    private long _deadLetters;
    private long _retries;
    private long _lag;
    private long _lastCommit;
    private readonly ErrorRing _errors = new(time);
    private volatile StreamState _state = StreamState.Starting;

    /// <summary>True for a flow that fills a topic, which has no positions and no lag.</summary>
    public bool IsPump { get; init; }

    public StreamState State
    {
        get => _state;
        set => _state = value;
    }

    public long Lag
    {
        set => Interlocked.Exchange(ref _lag, value);
    }

    public void Stage(StageName stage, TimeSpan duration)
    {
        _stages[(int)stage].Add(duration.TotalMilliseconds);
        Meters.StageDuration.Record(duration.TotalSeconds, Meters.Stream(name), Meters.Stage(StageNames[(int)stage]));
    }

    /// <summary>Counts a committed batch; samples are record timestamps, spread over the batch.</summary>
    public void Committed(long records, long bytes, long rows, ReadOnlySpan<long> sampledTimestampsMs)
    {
        var now = time.GetUtcNow();
        Interlocked.Add(ref _records, records);
        Interlocked.Add(ref _bytes, bytes);
        Interlocked.Add(ref _rows, rows);
        Interlocked.Increment(ref _batches);
        Interlocked.Exchange(ref _lastCommit, now.UtcTicks);
        Meters.StreamRecords.Add(records, Meters.Stream(name));
        Meters.StreamBytes.Add(bytes, Meters.Stream(name));
        Meters.StreamRows.Add(rows, Meters.Stream(name));
        _recordRate.Add(records);
        _byteRate.Add(bytes);
        var nowMs = now.ToUnixTimeMilliseconds();
        foreach (var timestamp in sampledTimestampsMs)
            _commitLatency.Add(Math.Max(0, nowMs - timestamp));

        _state = _state == StreamState.Paused ? StreamState.Paused : StreamState.Running;
    }

    public void DeadLettered(long count)
    {
        Interlocked.Add(ref _deadLetters, count);
        Meters.StreamDeadLetters.Add(count, Meters.Stream(name));
    }

    public void Retrying(TidemillException error)
    {
        Interlocked.Increment(ref _retries);
        Meters.StreamRetries.Add(1, Meters.Stream(name));
        _errors.Add(Describe(error));
        _state = StreamState.Waiting;
    }

    public void Failed(Exception error) => _errors.Add(Describe(error));

    public StreamStatus Snapshot()
    {
        var lastCommit = Interlocked.Read(ref _lastCommit);
        var errors = _errors.Latest();
        return new StreamStatus
        {
            Name = name,
            Route = route,
            IsPump = IsPump,
            State = _state,
            Records = Interlocked.Read(ref _records),
            Bytes = Interlocked.Read(ref _bytes),
            Batches = Interlocked.Read(ref _batches),
            RowsWritten = Interlocked.Read(ref _rows),
            DeadLetters = Interlocked.Read(ref _deadLetters),
            Lag = Interlocked.Read(ref _lag),
            RecordsPerSecond = _recordRate.PerSecond(),
            BytesPerSecond = _byteRate.PerSecond(),
            CommitLatency = _commitLatency.Quantiles(),
            Stages = [.. StageNames.Zip(_stages, (stage, window) => new StageLatency(stage, window.Quantiles()))],
            LastCommit = lastCommit == 0 ? null : new DateTimeOffset(lastCommit, TimeSpan.Zero),
            LastError = errors is [var last, ..] ? last.Message : null,
            RecentErrors = errors,
            Retries = Interlocked.Read(ref _retries),
        };
    }

    private static string Describe(Exception error) => error is TidemillException known
        ? $"{known.Code}: {known.Message} {known.Rule.Remedy}"
        : $"{ErrorCode.Internal}: {error.GetType().Name}: {error.Message}";

    /// <summary>Up to 16 timestamps, spread evenly over a run of records.</summary>
    public static void Sample(ReadOnlySpan<RecordRef> records, List<long> samples)
    {
        var step = Math.Max(1, records.Length / 16);
        for (var i = 0; i < records.Length; i += step)
            samples.Add(records[i].TimestampMs);
    }
}

/// <summary>The stages of <see cref="StreamStatus.Stages"/>, in order.</summary>
internal enum StageName
{
    Collect,
    Decode,
    Transform,
    Write,
}
