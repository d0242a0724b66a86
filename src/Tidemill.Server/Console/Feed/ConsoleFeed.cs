using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tidemill.Core.Errors;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Console.Feed;

/// <summary>
/// Takes one <see cref="ConsoleSnapshot"/> a second, shared by every page and tab. While nobody has looked for some seconds,
/// the log is asked only now and then and the warehouse not at all, so an idle server stays idle.
/// </summary>
internal sealed partial class ConsoleFeed(ProjectRuntime runtime, ILogger<ConsoleFeed> logger) : BackgroundService
{
    /// <summary>Seconds of history kept for the throughput line.</summary>
    public const int HistorySeconds = 180;

    /// <summary>Seconds a shown rate is averaged over.</summary>
    public const int RateSeconds = 5;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarehousePeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WatchTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Between two looks at the log for the throughput line's sake alone.</summary>
    private static readonly TimeSpan QuietPeriod = TimeSpan.FromSeconds(10);

    private readonly DashboardReader _dashboards = new(runtime);
    private volatile ConsoleSnapshot _current = ConsoleSnapshot.Empty;
    private long _lastLook = long.MinValue;
    private long _lastWarehouse = long.MinValue;
    private long _lastLog = long.MinValue;
    private long _lastTotal = -1;

    /// <summary>The latest snapshot; whoever reads it keeps the warehouse's part fresh.</summary>
    public ConsoleSnapshot Current
    {
        get
        {
            Interlocked.Exchange(ref _lastLook, runtime.Time.GetTimestamp());
            return _current;
        }
    }

    /// <summary>The latest snapshot with the warehouse's part filled, for a first look after a quiet time.</summary>
    public async Task<ConsoleSnapshot> ReadAsync(CancellationToken cancellationToken)
    {
        var current = Current;
        return current.Dashboards.Count > 0 || !runtime.Gate.IsOpen
            ? current
            : await AskWarehouseAsync(current, cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, runtime.Time);
        do
            await TakeAsync(stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            _current = _current with { At = runtime.Time.GetUtcNow(), Streams = runtime.StreamStatus() };
            if (LogIsDue())
                _current = await AskLogAsync(_current, cancellationToken);

            if (WarehouseIsDue())
                _current = await AskWarehouseAsync(_current, cancellationToken);
        }
        catch (TidemillException e)
        {
            LogSkipped(logger, e.Code, e.Message);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // One reader's defect must not end the feed of all pages.
            LogDefect(logger, e);
        }
    }

    private bool LogIsDue() =>
        _lastLog == long.MinValue || IsWatched() || runtime.Time.GetElapsedTime(_lastLog) >= QuietPeriod;

    private bool WarehouseIsDue()
    {
        var due = runtime.Gate.IsOpen && IsWatched()
            && (_lastWarehouse == long.MinValue || runtime.Time.GetElapsedTime(_lastWarehouse) >= WarehousePeriod);
        _lastWarehouse = due ? runtime.Time.GetTimestamp() : _lastWarehouse;
        return due;
    }

    private bool IsWatched()
    {
        var looked = Interlocked.Read(ref _lastLook);
        return looked != long.MinValue && runtime.Time.GetElapsedTime(looked) < WatchTimeout;
    }

    private async Task<ConsoleSnapshot> AskWarehouseAsync(ConsoleSnapshot snapshot, CancellationToken cancellationToken)
    {
        try
        {
            return snapshot with
            {
                DeadLetters = await runtime.DeadLetters.CountAsync(cancellationToken),
                Dashboards = await _dashboards.ReadAsync(cancellationToken),
            };
        }
        catch (TidemillException e)
        {
            LogSkipped(logger, e.Code, e.Message);
            return snapshot;
        }
    }

    private async Task<ConsoleSnapshot> AskLogAsync(ConsoleSnapshot snapshot, CancellationToken cancellationToken)
    {
        var topics = await runtime.Log.DescribeTopicsAsync(await runtime.Log.ListTopicsAsync(cancellationToken), cancellationToken);
        var total = topics.Sum(t => t.Partitions.Sum(p => p.Next.Value));
        var (before, since, now) = (_lastTotal, _lastLog, runtime.Time.GetTimestamp());
        (_lastTotal, _lastLog) = (total, now);
        return snapshot with
        {
            Topics = topics,
            AppendRates = before < 0
                ? snapshot.AppendRates
                : WithRate(snapshot.AppendRates, Math.Max(total - before, 0), runtime.Time.GetElapsedTime(since, now)),
        };
    }

    /// <summary>One value a second, the same for all seconds since the last look.</summary>
    private static ImmutableArray<double> WithRate(ImmutableArray<double> rates, long records, TimeSpan time)
    {
        var seconds = Math.Clamp((int)Math.Round(time.TotalSeconds), 1, HistorySeconds);
        var rate = records / Math.Max(time.TotalSeconds, 0.1);
        return [.. rates.Skip(Math.Max(0, rates.Length - HistorySeconds + seconds)), .. Enumerable.Repeat(rate, seconds)];
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The console's numbers could not be read.")]
    private static partial void LogDefect(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The console's numbers could not be read: {Code}: {Reason}")]
    private static partial void LogSkipped(ILogger logger, ErrorCode code, string reason);
}
