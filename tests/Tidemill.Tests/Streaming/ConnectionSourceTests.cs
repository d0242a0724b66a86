using System.Text;
using Tidemill.Core.Components;
using Tidemill.Core.Configuration;
using Tidemill.Core.Logs;
using Tidemill.Core.Warehouses;
using Tidemill.Log;
using Tidemill.Streaming;
using Tidemill.Streaming.DeadLetters;
using Tidemill.Streaming.Positions;
using Tidemill.Streaming.Replay;
using static Tidemill.Tests.Streaming.StreamBench;

namespace Tidemill.Tests.Streaming;

/// <summary>A stream of another log than the target's, whose topic has a namesake there with other records.</summary>
public sealed class ConnectionSourceTests : IAsyncLifetime
{
    private const string Far = "far";
    private const int FarRecords = 30;

    private readonly string _folder = Directory.CreateTempSubdirectory("tidemill-far-").FullName;
    private readonly StreamDefinition _stream = Stream(ConflictRule.Upsert) with
    {
        Source = new TopicSourceDefinition(Topic) { Connection = Far },
    };

    private StreamBench _bench = null!;
    private EmbeddedLog _far = null!;
    private StreamServices _services = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await OpenAsync();
        _far = await EmbeddedLog.OpenAsync(_folder, new EmbeddedLogOptions(), TimeProvider.System, default);
        await _far.CreateTopicAsync(new TopicSpec(Topic) { Partitions = 1 }, default);
        _services = _bench.Services with
        {
            Stores = new OpenStores().With<ILog>(_bench.Log).With(_bench.Warehouse).With<ILog>(_far, Far),
        };
        await _bench.ProduceAsync([.. Enumerable.Range(0, 8).Select(i => Json(i, kind: "near"))]);
        await using var producer = _far.CreateProducer(new ProducerOptions());
        await producer.ProduceAsync(
            Topic,
            [.. Enumerable.Range(0, FarRecords).Select(i => new ProducerRecord { Value = Encoding.UTF8.GetBytes(Json(i, kind: "far")) })],
            default);
        await StreamCatchUp.RunAsync(_services, _stream, default).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task Positions_are_read_and_planned_by_the_log_that_the_source_names()
    {
        var positions = new StreamPositions(_services, [_stream], new StreamSupervisor(_services, [_stream]));
        var partition = Assert.Single(await positions.ReadAsync("events", default));
        Assert.Equal((0, (long)FarRecords), (partition.Partition, partition.Next));
        Assert.Equal(((long?)FarRecords, (long?)0), (partition.Sinks[0].Held, partition.Sinks[0].Lag));

        var back = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("20")), default);
        var move = Assert.Single(back.Moves);
        Assert.Equal((0, 20L, 10L), (move.Partition, move.To, move.Repeated));
    }

    [Fact]
    public async Task Times_are_looked_up_in_the_log_that_the_source_names()
    {
        var positions = new StreamPositions(_services, [_stream], new StreamSupervisor(_services, [_stream]));
        var plan = await positions.PlanAsync("events", new PositionRequest(PositionTarget.Parse("2100-01-01T00:00:00Z")), default);
        Assert.Equal(FarRecords, Assert.Single(plan.Moves).To);
        var replay = await Replay().PreviewAsync(new("events", To: ReplayBound.Parse("2100-01-01T00:00:00Z")), default);
        Assert.Equal(FarRecords, replay.Records);
    }

    [Fact]
    public async Task Replay_plans_compares_and_writes_records_of_the_log_that_the_source_names()
    {
        await _bench.Warehouse.ExecuteAsync("DELETE FROM events WHERE id < 15", [], default);
        var request = new RangeReplayRequest("events", ReplayBound.Parse("10"), ReplayBound.Parse("20"));
        var plan = await Replay().PreviewAsync(request, default);
        Assert.Equal(10, plan.Records);
        Assert.Equal((5L, 0L, 5L), (plan.Sinks[0].New, plan.Sinks[0].Changed, plan.Sinks[0].Unchanged));

        var outcome = await Replay().RunAsync(request, null, default);
        Assert.Equal(10, outcome.Records);
        Assert.Equal(20, await _bench.NumberAsync("SELECT count(*) FROM events WHERE kind = 'far' AND id >= 10"));
        Assert.Equal(20, await _bench.NumberAsync("SELECT count(*) FROM events"));
    }

    public async ValueTask DisposeAsync()
    {
        await _far.DisposeAsync();
        await _bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private RangeReplay Replay() => new(_services, [_stream], new StreamDeadLetters(_bench.Warehouse, _bench.Log, [_stream]));
}
