using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Tidemill.Core.Errors;
using Tidemill.Core.Logs;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Console.Feed;

/// <summary>
/// Takes one <see cref="ConsoleSnapshot"/> a second, shared by every page and tab. The warehouse is asked only while
/// somebody has looked within the last few seconds, so an idle server stays idle.
/// </summary>
internal sealed partial class ConsoleFeed(ProjectRuntime runtime, ILogger<ConsoleFeed> logger) : BackgroundService
{
    /// <summary>Seconds of history kept for the throughput line.</summary>
    public const int HistorySeconds = 180;

    /// <summary>Seconds a shown rate is averaged over.</summary>
    public const int RateSeconds = 5;

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarehousePeriod = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Attention = TimeSpan.FromSeconds(10);

    private readonly DashboardReader _dashboards = new(runtime);
    private volatile ConsoleSnapshot _current = ConsoleSnapshot.Empty;
    private long _lastLook = long.MinValue;
    private long _lastWarehouse = long.MinValue;
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
        {
            await TakeAsync(stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task TakeAsync(CancellationToken cancellationToken)
    {
        try
        {
            var topics = await DescribeTopicsAsync(cancellationToken);
            var snapshot = _current with
            {
                At = runtime.Time.GetUtcNow(),
                Streams = runtime.StreamStatus(),
                Topics = topics,
                AppendRates = Append(topics),
            };
            _current = WarehouseIsDue() ? await AskWarehouseAsync(snapshot, cancellationToken) : snapshot;
        }
        catch (TidemillException e)
        {
            LogSkipped(logger, e.Code, e.Message);
        }
    }

    private bool WarehouseIsDue()
    {
        var looked = Interlocked.Read(ref _lastLook);
        var due = runtime.Gate.IsOpen && looked != long.MinValue && runtime.Time.GetElapsedTime(looked) < Attention
            && (_lastWarehouse == long.MinValue || runtime.Time.GetElapsedTime(_lastWarehouse) >= WarehousePeriod);
        _lastWarehouse = due ? runtime.Time.GetTimestamp() : _lastWarehouse;
        return due;
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

    private async Task<IReadOnlyList<TopicDescription>> DescribeTopicsAsync(CancellationToken cancellationToken) =>
        await runtime.Log.DescribeTopicsAsync(await runtime.Log.ListTopicsAsync(cancellationToken), cancellationToken);

    private ImmutableArray<double> Append(IReadOnlyList<TopicDescription> topics)
    {
        var total = topics.Sum(t => t.Partitions.Sum(p => p.Next.Value));
        var seconds = Math.Max((runtime.Time.GetUtcNow() - _current.At).TotalSeconds, 0.1);
        var rate = _lastTotal < 0 ? (double?)null : Math.Max(total - _lastTotal, 0) / seconds;
        _lastTotal = total;
        var rates = _current.AppendRates;
        return rate is { } value ? [.. rates.Skip(Math.Max(0, rates.Length - HistorySeconds + 1)), value] : rates;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The console's numbers could not be read: {Code}: {Reason}")]
    private static partial void LogSkipped(ILogger logger, ErrorCode code, string reason);
}
