using System.Collections.Immutable;
using Tidemill.Core.Logs;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Status;

namespace Tidemill.Server.Console.Feed;

/// <summary>What the console shows, taken once a second for all who look; immutable.</summary>
internal sealed record ConsoleSnapshot
{
    public static readonly ConsoleSnapshot Empty = new();

    public DateTimeOffset At { get; init; }

    public IReadOnlyList<StreamStatus> Streams { get; init; } = [];

    public IReadOnlyList<TopicDescription> Topics { get; init; } = [];

    /// <summary>Records appended a second, one value a second, oldest first.</summary>
    public ImmutableArray<double> AppendRates { get; init; } = [];

    /// <summary>The mean over the last few seconds: one second's count jumps about.</summary>
    public double AppendRate => AppendRates.IsDefaultOrEmpty ? 0 : AppendRates.TakeLast(ConsoleFeed.RateSeconds).Average();

    public IReadOnlyList<DeadLetterCount> DeadLetters { get; init; } = [];

    public long OpenDeadLetters => DeadLetters.Sum(c => c.Count);

    public IReadOnlyList<DashboardReading> Dashboards { get; init; } = [];

    /// <summary>Streams that read a topic; only they have latency and lag.</summary>
    public IEnumerable<StreamStatus> Readers => Streams.Where(s => !s.IsPump);

    public long Lag => Readers.Sum(s => s.Lag);

    /// <summary>The slowest stream's latency.</summary>
    public LatencyQuantiles CommitLatency => new(
        Worst(s => s.CommitLatency.P50), Worst(s => s.CommitLatency.P99));

    private double Worst(Func<StreamStatus, double> value) =>
        Readers.Select(value).Where(v => !double.IsNaN(v)).DefaultIfEmpty(double.NaN).Max();
}
