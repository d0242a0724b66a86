using System.Runtime.CompilerServices;
using Tidemill.Core.Warehouses;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Replay;
using Tidemill.Streaming.Verification;

namespace Tidemill.Tests.Streaming;

/// <summary>A stream may have more dead letters than memory holds: proofs and replays hold some of their values at a time.</summary>
public sealed class DeadLetterMemoryTests
{
    private const int Replayed = 150;
    private const int Open = 100;

    /// <summary>Some pages; far less than the letters.</summary>
    private const int MostHeld = 80;

    [Fact]
    public async Task Proofs_plans_and_replays_hold_a_few_letters_at_a_time()
    {
        await using var bench = await StreamBench.OpenAsync();
        var strict = StreamBench.Stream(ConflictRule.Upsert);
        var lenient = strict with { Decode = strict.Decode! with { Lenient = true } };
        await bench.ProduceAsync([.. Enumerable.Range(0, Replayed).Select(Refused)]);
        await bench.CatchUpAsync(strict);
        var results = await new DeadLetterReplay(bench.Services, [lenient]).ReplayAsync("events", null, null, default);
        Assert.Equal(Replayed, results.Count(r => r.Replayed));
        Assert.Equal(results.OrderBy(r => r.Position.Partition.Partition).ThenBy(r => r.Position.Offset.Value), results);
        await bench.ProduceAsync([.. Enumerable.Range(Replayed, Open).Select(Refused)]);
        await bench.CatchUpAsync(strict);

        var held = new HeldValues();
        bench.Wrap = warehouse => new FaultyWarehouse(warehouse, () => Fault.None, watch: result => new WatchedResult(result, held));
        var report = Assert.Single(await new StreamVerifier(bench.Services, [lenient]).VerifyAsync(null, default));
        Assert.True(report.Proven, string.Join("; ", report.Findings));
        Assert.Equal((Replayed + Open, (long)Replayed), (report.DeadLetters, report.RowsExpected));
        Assert.InRange(held.Most, 1, MostHeld);

        using var letters = new StreamDeadLetters(bench.Services.Warehouse, bench.Log, [lenient]);
        var replay = new RangeReplay(bench.Services, [lenient], letters);
        held.Clear();
        var plan = await replay.PreviewAsync(new RangeReplayRequest("events") { Rebuild = true }, default);
        Assert.Equal((Replayed + Open, 0), (plan.DeadLetters, held.Most));
        Assert.Equal(Open, (await replay.RunAsync(new RangeReplayRequest("events"), null, default)).DeadLettersReplayed);
        Assert.Equal(Replayed + Open, await bench.NumberAsync("SELECT count(*) FROM events"));
    }

    /// <summary>A record that the strict stream refuses and the lenient one takes; longer than what else is read as bytes.</summary>
    private static string Refused(int id) => $$"""{"id":{{id}},"amount":"3.00","kind":"{{new string('k', HeldValues.Least)}}"}""";

    /// <summary>Values that were read and are still held by somebody.</summary>
    private sealed class HeldValues
    {
        public const int Least = 2000;

        private readonly List<WeakReference> _values = [];

        public int Most { get; private set; }

        public void Clear()
        {
            _values.Clear();
            Most = 0;
        }

        public void Add(object?[] row)
        {
            _values.AddRange(row.OfType<byte[]>().Where(value => value.Length >= Least).Select(value => new WeakReference(value)));
            GC.Collect();
            Most = Math.Max(Most, _values.Count(value => value.IsAlive));
        }
    }

    private sealed class WatchedResult(IQueryResult inner, HeldValues held) : IQueryResult
    {
        public IReadOnlyList<QueryColumn> Columns => inner.Columns;

        public async IAsyncEnumerable<object?[]> ReadRowsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var row in inner.ReadRowsAsync(cancellationToken))
            {
                held.Add(row);
                yield return row;
            }
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
